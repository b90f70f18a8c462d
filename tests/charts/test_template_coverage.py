"""The tool behind `make template-coverage`: it counts the branches that renders take, and changes nothing of what they render."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from chart_harness import template_coverage
from chart_harness.assembly import assemble
from chart_harness.fleet_render import render_fleet
from chart_harness.helm import Helm, HelmError
from chart_harness.render import RenderError, render
from chart_harness.template_coverage import Branch, branches, counting, report, taken
from tests.harness.tests.conftest import write

# One of each kind, over several lines, with a brace that only a trimmed space keeps apart from an action.
TEMPLATE = """\
{{- define "lib.v1.map" -}}
{{- if .Values.lib.data }}
data: { {{- range $name, $value := .Values.lib.data }}{{ $name }}: {{ $value | quote }}, {{ else }}{}{{ end -}} }
{{- else if .Values.lib.binary }}
binaryData: {}
{{- end }}
{{- with .Values.lib.immutable }}
immutable: {{ . }}
{{- end }}
{{- range list "a" "b" }}
# {{ . }}
{{- end }}
{{- end -}}
{{- define "lib.v1.unused" }}never{{ end }}
"""
FILES = {
    "lib/Chart.yaml": "apiVersion: v2\nname: lib\ntype: library\nversion: 1.0.0\n",
    "lib/values.yaml": "data: {a: b}\n",
    "lib/templates/_map.tpl": TEMPLATE,
    "app/Chart.yaml": (
        "apiVersion: v2\nname: app\nversion: 0.1.0\ndependencies: [{name: lib, version: 1.0.0, repository: 'file://../lib'}]\n"
    ),
    "app/templates/map.yaml": (
        'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: map}\n{{ include "lib.v1.map" . }}\n'
        '{{ if .Values.bad }}{{ fail "bad is true." }}{{ end }}\n'
    ),
}
LINES = {"define map": 1, "if data": 2, "range": 3, "if binary": 4, "with": 7, "list": 10, "define unused": 14}


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """A chart that depends on a library with one template of each kind."""
    return write(tmp_path, FILES) / "app"


@pytest.fixture
def counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """From now on, renders are counted into this folder."""
    folder = tmp_path / "taken"
    folder.mkdir()
    for name, value in counting(folder).items():
        monkeypatch.setenv(name, value)
    return folder


def rendered(app: Path, values: Mapping[str, Any]) -> str:
    return Helm().run(
        ["template", "app", str(assemble(app)), "--values", "-"],
        stdin=str(values).replace("'", '"').replace("None", "null"),
    )


def missed(app: Path, folder: Path) -> set[tuple[int, str]]:
    took = taken(folder)
    return {(branch.line, branch.kind) for branch in branches([app.parent / "lib"]) if branch.name not in took}


def test_every_branch_is_known(app: Path) -> None:
    assert {(branch.line, branch.kind) for branch in branches([app.parent / "lib"])} == {
        (LINES["define map"], "define"),
        (LINES["if data"], "if"),  # its else is the next if
        (LINES["if binary"], "if"),
        (LINES["if binary"], "else"),
        (LINES["range"], "range"),
        (LINES["range"], "empty"),
        (LINES["with"], "with"),
        (LINES["with"], "without"),
        (LINES["list"], "range"),  # of a list that is written there: never empty
        (LINES["define unused"], "define"),
    }


def test_a_render_takes_its_branches_and_no_others(app: Path, counted: Path) -> None:
    everything = {(branch.line, branch.kind) for branch in branches([app.parent / "lib"])}
    assert missed(app, counted) == everything
    assert 'data: {a: "b", }' in rendered(app, {})
    first = everything - missed(app, counted)
    assert first == {
        (LINES["define map"], "define"),
        (LINES["if data"], "if"),
        (LINES["range"], "range"),
        (LINES["with"], "without"),
        (LINES["list"], "range"),
    }
    rendered(app, {"lib": {"data": {"a": None}, "binary": 1, "immutable": 1}})
    second = everything - missed(app, counted) - first
    assert second == {(LINES["if binary"], "if"), (LINES["with"], "with")}


def test_a_render_that_fails_counts_too(app: Path, counted: Path) -> None:
    with pytest.raises(HelmError, match=r"bad is true\."):
        rendered(app, {"bad": 1})
    assert (LINES["if data"], "if") not in missed(app, counted)


def test_another_version_of_the_file_does_not_count(app: Path, counted: Path) -> None:
    rendered(app, {})
    assert len(missed(app, counted)) < len(branches([app.parent / "lib"]))
    path = app.parent / "lib" / "templates" / "_map.tpl"
    path.write_text(path.read_text() + "\n")
    assert len(missed(app, counted)) == len(branches([app.parent / "lib"]))


def test_what_is_rendered_stays_the_same(
    app: Path, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = [(service, "staging") for service in ("aaa-api", "event-recorder", "archive-tagger", "usage-api")]
    values: list[dict[str, Any]] = [{}, {"lib": {"data": {"a": None}, "binary": 1}}, {"lib": {"immutable": 1}}]
    plain = [*render_fleet(root, releases=wanted).texts.values(), *(rendered(app, value) for value in values)]
    for name, value in counting(tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("chart_harness.fleet_render_plan.code", lambda: str(tmp_path))
    again = [*render_fleet(root, releases=wanted).texts.values(), *(rendered(app, value) for value in values)]
    assert again == plain
    assert any(name.startswith("metrics/templates/_env.tpl@") for name in taken(tmp_path))


def test_other_commands_and_flags_go_to_the_real_helm(app: Path, counted: Path) -> None:
    real = Helm()
    assert real.version.startswith("v4.")
    folder = str(assemble(app))
    assert real.run(["template", "app", folder, "--set", "lib.immutable=true"]).count("immutable: true") == 1
    with pytest.raises(HelmError, match="unknown flag"):
        real.run(["template", "app", folder, "--no-such-flag", "x"])
    assert taken(counted) == frozenset()


def test_render_gives_the_same_objects_and_sentences(app: Path, counted: Path) -> None:
    assert render(app, name="app").one("ConfigMap")["data"] == {"a": "b"}
    with pytest.raises(RenderError) as caught:
        render(app, name="app", overrides={"bad": True})
    assert caught.value.sentence == "bad is true."


def test_the_report_names_what_was_missed_and_adds_up() -> None:
    known = [
        Branch("1", "metrics/templates/_a.tpl", 3, "if", ".x"),
        Branch("2", "metrics/templates/_a.tpl", 3, "else", ".x"),
        Branch("3", "metrics/templates/_b.tpl", 7, "empty", "$names"),
        Branch("4", "workload/templates/_c.tpl", 1, "define", "c"),
    ]
    lines = [" ".join(line.split()) for line in report(known, frozenset({"1", "4", "of another version"}))]
    assert lines == [
        "metrics/templates/_a.tpl:3 `if .x` is never false",
        "metrics/templates/_b.tpl:7 `range $names` is never empty",
        "metrics/templates/_a.tpl 1 of 2 branches 50.0 %",
        "metrics/templates/_b.tpl 0 of 1 branches 0.0 %",
        "workload/templates/_c.tpl 1 of 1 branches 100.0 %",
        "metrics 1 of 3 branches 33.3 %",
        "workload 1 of 1 branches 100.0 %",
    ]


def test_every_template_of_the_libraries_can_be_counted(root: Path) -> None:
    known = branches([root / place for place in template_coverage.LIBRARIES])
    files = {
        f"{path.parents[1].name}/templates/{path.name}"
        for place in template_coverage.LIBRARIES
        for path in (root / place).glob("templates/*")
    }
    assert {branch.file for branch in known} == files
