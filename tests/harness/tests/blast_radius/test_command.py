"""The command in a git repository: what it compares, its exit code, and what must be acknowledged by whom."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chart_harness.blast_radius.__main__ import main
from chart_harness.blast_radius.grouping import ENVIRONMENT, SERVICE
from tests.harness.tests.blast_radius.clone import FLEET, Clone

Output = tuple[int, str, str]


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path / "clone")


@pytest.fixture
def diff(clone: Clone, capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: str) -> Output:
        code = main([*arguments, "--root", str(clone.folder)])
        written = capsys.readouterr()
        return code, written.out, written.err

    return run


WIDER = "{callers: [door, window]}"


def identities(report: str) -> list[str]:
    return re.findall(r"`([0-9a-f]{12})`", report)


def test_the_same_fleet(diff: Any) -> None:
    code, report, errors = diff("first")
    assert (code, errors) == (0, "")
    assert "4 releases compared: nothing changes." in report


def test_a_change_that_endangers_nobody_is_told_and_passes(clone: Clone, diff: Any) -> None:
    clone.edit(shop="{tag: '2'}", till="{tag: '2'}")
    code, report, errors = diff("HEAD")
    assert (code, errors) == (0, "")
    assert "## Image changed" in report
    assert f"**Deployment {SERVICE}**, image of container app: `{SERVICE}:1` → `{SERVICE}:2`" in report
    assert "in shop, till (production, staging)" in report
    assert "the pods of 4 Deployments restart" in report
    assert (
        "The working tree has changes that are not committed, in charts/services/shop/values.yaml and 1 more file: they"
        in report
    )


@pytest.mark.parametrize(("edit", "title"), [
    (WIDER, "## Policy widened"),
    ("{label: kiosk}", "## Selector changed"),
])  # fmt: skip
def test_what_endangers_somebody_fails_until_it_is_acknowledged(clone: Clone, diff: Any, edit: str, title: str) -> None:
    clone.edit(shop=edit)
    code, report, errors = diff("first")
    assert code == 1
    assert title in report
    assert "not acknowledged" in report
    named = re.findall(r"[0-9a-f]{12}", errors)
    assert named
    assert set(named) <= set(identities(report))
    code, report, errors = diff("first", "--acknowledge", *named)
    assert (code, errors) == (0, "")
    assert "not acknowledged" not in report
    assert "· acknowledged" in report


def test_a_commit_acknowledges(clone: Clone, diff: Any) -> None:
    clone.edit(shop=WIDER)
    clone.commit()
    (named,) = re.findall(r"[0-9a-f]{12}", diff("first")[2])
    clone.commit(message=f"Till opens\n\nAcknowledged: {named} the window is ours")
    assert diff("first")[0] == 0
    assert diff("first", "--head", "HEAD")[0] == 0
    assert diff("first", "--head", "HEAD~1")[0] == 1
    # What it acknowledged is in both sides now, and what comes next is another change.
    clone.edit(shop="{callers: [door, window, roof]}")
    assert diff("HEAD")[0] == 1


def test_an_acknowledgement_is_of_its_releases_and_its_change(clone: Clone, diff: Any) -> None:
    clone.edit(shop=WIDER)
    (named,) = re.findall(r"[0-9a-f]{12}", diff("first")[2])
    clone.edit(till=WIDER)
    code, report, _ = diff("first", "--acknowledge", named)
    assert code == 1
    assert f"No change has the ID {named}: what it acknowledged is gone, or is another change now." in report


def test_commits_on_one_side_only_show_as_undone(clone: Clone, diff: Any) -> None:
    clone.git("checkout", "--quiet", "-b", "side")
    clone.edit(shop=WIDER)
    clone.commit()
    clone.git("checkout", "--quiet", "main")
    code, report, _ = diff("side")
    assert code == 0
    assert "## Policy narrowed" in report
    assert re.search(r"side \([0-9a-f]+\) has commits that the working tree is not built on", report)
    assert "not built on" not in diff("first", "--head", "side")[1]


def test_each_side_is_rendered_from_its_own_charts(clone: Clone, diff: Any) -> None:
    library = FLEET["charts/tiny/templates/_all.tpl"].replace("printf", "print | printf")
    clone.commit(
        {"charts/tiny/templates/_all.tpl": library.replace("print | printf", "printf").replace("8080", "9090")}
    )
    code, report, _ = diff("first")
    assert code == 1
    assert "port http of container app: `8080 TCP` → `9090 TCP`" in report
    assert "in shop, till (production, staging)" in report


def test_services_and_environments_come_and_go(clone: Clone, diff: Any) -> None:
    clone.git("rm", "-r", "--quiet", "charts/services/till")
    clone.git("rm", "-r", "--quiet", "charts/services/shop/environments/production")
    code, report, _ = diff("first")
    assert code == 0
    assert "## Service removed" in report
    assert re.search(r"in till \(production, staging\); shop \(production\)|in shop \(production\); till", report)
    clone.commit()
    assert "## Service added" in diff("HEAD", "--head", "first")[1]


def test_json(clone: Clone, diff: Any) -> None:
    clone.edit(shop=WIDER)
    code, report, errors = diff("first", "--json")
    said = json.loads(report)
    assert code == 1
    assert said["open"] == re.findall(r"[0-9a-f]{12}", errors)
    assert said["releases"] == {"before": 4, "after": 4}
    assert said["changes"] == [
        {
            "id": said["open"][0],
            "kind": "policy-widened",
            "blocks": True,
            "acknowledged": False,
            "object": "Deployment shop",
            "what": "who may reach its pods",
            "before": None,
            "after": f"pods with app=window in namespace {ENVIRONMENT}: TCP 8080",
            "releases": [{"service": "shop", "environment": name} for name in ("production", "staging")],
        }
    ]


def test_it_leaves_the_clone_as_it_was(clone: Clone, diff: Any) -> None:
    clone.edit(shop=WIDER)
    before = clone.git("status", "--porcelain"), clone.git("log", "--format=%H")
    diff("first")
    assert (clone.git("status", "--porcelain"), clone.git("log", "--format=%H")) == before


def test_as_people_run_it(clone: Clone) -> None:
    clone.edit(shop=WIDER)
    command = [sys.executable, "-m", "chart_harness.blast_radius", "first"]
    done = subprocess.run(command, cwd=clone.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout.startswith("# Blast radius: first (")
    assert done.stderr.startswith("Not acknowledged: ")
