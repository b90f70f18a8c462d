"""Which services a range of commits changes: by what is rendered, not by which files are touched."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from promotion_gate.changed import Changed, changed, compare
from promotion_gate.cli import main

SERVICE = "charts/services/{name}"
CHART = "apiVersion: v2\nname: {name}\nversion: 0.1.0\ndependencies: [{{name: lib, version: 0.1.0, repository: file://../../lib}}]\n"
LIBRARY = {
    "charts/lib/Chart.yaml": "apiVersion: v2\nname: lib\nversion: 0.1.0\ntype: library\n",
    "charts/lib/templates/_map.tpl": (
        '{{- define "lib.map" }}\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Chart.Name }}}\n'
        "data: {size: {{ .Values.size | quote }}}\n{{- end }}\n"
    ),
}

Commit = Callable[[Mapping[str, str | None]], str]


def service(name: str) -> dict[str, str]:
    folder = SERVICE.format(name=name)
    return {
        f"{folder}/Chart.yaml": CHART.format(name=name),
        f"{folder}/values.yaml": "size: 1\n",
        f"{folder}/templates/all.yaml": '{{ include "lib.map" . }}\n',
        f"{folder}/environments/staging/values.yaml": "size: 2\n",
        f"{folder}/environments/production/values.yaml": "size: 3\n",
    }


@pytest.fixture
def commit(tmp_path: Path) -> Commit:
    """Commits files, None for one that goes; the first commit has two services on a library."""

    def git(*arguments: str) -> str:
        command = ["git", "-c", "user.name=Test", "-c", "user.email=test@localhost", "-C", str(tmp_path), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def make(files: Mapping[str, str | None]) -> str:
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink() if content is None else path.write_text(content)
        git("add", "--all")
        git("commit", "--quiet", "--message", "x")
        return git("rev-parse", "HEAD")

    git("init", "--quiet", "--initial-branch=main")
    make({**LIBRARY, **service("one"), **service("two")})
    return make


def since_first(root: Path) -> Changed:
    return changed(root, "HEAD~1", "HEAD", "staging")


@pytest.mark.parametrize(
    ("files", "services"),
    [
        ({"charts/services/one/environments/staging/values.yaml": "size: 9\n"}, ("one",)),
        ({"charts/services/one/environments/staging/values.yaml": "# two of them\nsize: 2\n"}, ()),
        ({"charts/services/one/environments/production/values.yaml": "size: 9\n"}, ()),
        ({"charts/services/one/values.yaml": "size: 7\n"}, ()),  # staging's file says otherwise
        ({"charts/services/one/gate.yaml": "requests: []\n"}, ("one",)),
        ({"charts/services/one/README.md": "x\n"}, ()),
        (
            {"charts/lib/templates/_map.tpl": LIBRARY["charts/lib/templates/_map.tpl"].replace("size:", "width:")},
            ("one", "two"),
        ),
        ({"charts/lib/templates/_map.tpl": "{{/* a comment */}}\n" + LIBRARY["charts/lib/templates/_map.tpl"]}, ()),
        (service("three"), ("three",)),
    ],
)
def test_what_changes(commit: Commit, tmp_path: Path, files: Mapping[str, str], services: tuple[str, ...]) -> None:
    commit(files)
    assert since_first(tmp_path) == Changed(services, ())


def test_a_service_that_goes_is_told_apart(commit: Commit, tmp_path: Path) -> None:
    commit(dict.fromkeys(service("two")))
    assert since_first(tmp_path) == Changed((), ("two",))


def test_what_others_did_since_is_not_this_branchs(commit: Commit, tmp_path: Path) -> None:
    mine = commit({"charts/services/one/environments/staging/values.yaml": "size: 9\n"})
    subprocess.run(["git", "-C", str(tmp_path), "checkout", "--quiet", "--detach", "HEAD~1"], check=True)
    theirs = commit({"charts/services/two/environments/staging/values.yaml": "size: 9\n"})
    assert changed(tmp_path, theirs, mine, "staging").services == ("one",)


def test_what_did_not_render_before_counts_as_changed(commit: Commit, tmp_path: Path) -> None:
    template = "charts/services/one/templates/all.yaml"
    commit({template: '{{ fail "no" }}\n'})
    commit({template: '{{ include "lib.map" . }}\n'})
    assert since_first(tmp_path).services == ("one",)


@pytest.mark.parametrize(
    ("files", "commits", "says"),
    [
        (
            {"charts/services/one/templates/all.yaml": '{{ fail "it is broken" }}\n'},
            "HEAD~1..HEAD",
            "one does not render for staging in HEAD: it is broken",
        ),
        ({}, "nowhere..HEAD", "'nowhere' is no commit"),
        ({}, "HEAD", "'HEAD' is no range of commits"),
        ({}, "HEAD...HEAD", "is no range of commits"),
        ({}, "..", "is no range of commits"),
    ],
)
def test_what_cannot_be_told_is_one_sentence(
    commit: Commit, tmp_path: Path, files: Mapping[str, str], commits: str, says: str
) -> None:
    if files:
        commit(files)
    result = CliRunner().invoke(main, ["changed", commits, "--root", str(tmp_path)])
    assert result.exit_code == 3
    assert says in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_the_command_writes_a_name_a_line(commit: Commit, tmp_path: Path) -> None:
    commit({"charts/lib/templates/_map.tpl": LIBRARY["charts/lib/templates/_map.tpl"].replace("size:", "width:")})
    result = CliRunner().invoke(main, ["changed", "HEAD~1..HEAD", "--root", str(tmp_path)])
    assert (result.exit_code, result.stdout) == (0, "one\ntwo\n")


DIGESTS = st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["", "1", "2"]))


@given(DIGESTS, DIGESTS)
def test_every_service_is_changed_or_the_same_or_gone(before: Mapping[str, str], after: Mapping[str, str]) -> None:
    found = compare(before, after)
    same = {name for name in before.keys() & after.keys() if before[name] == after[name]}
    assert set(found.services) | set(found.removed) | same == before.keys() | after.keys()
    assert not set(found.services) & (set(found.removed) | same)
