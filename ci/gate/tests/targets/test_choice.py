"""The target that the command line names."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from ci.gate.tests.conftest import JUDGED
from promotion_gate.cli import main
from promotion_gate.targets import TargetError
from promotion_gate.targets.choice import choose


@pytest.mark.parametrize(
    ("name", "fit", "note"),
    [
        ("embedded", False, "only a verdict from a cluster can promote"),
        ("kind", False, "only a verdict from a cluster that you name can promote"),
        ("context:staging-eu", True, "in a namespace of its own beside staging's"),
        ("live:kind", False, "in staging's own namespace"),
        ("live:context:staging-eu", False, "in staging's own namespace"),
    ],
)
def test_each_target_says_what_its_verdict_is_worth(name: str, fit: bool, note: str, tmp_path: Path) -> None:
    target = choose(name, JUDGED, tmp_path)
    assert (target.name, target.fit_for_promotion) == (name, fit)
    assert note in target.note
    assert target.note.count(".") == target.note.endswith(".") == 1  # one sentence


@pytest.mark.parametrize(
    "name", ["", "Kind", "minikube", "context", "context:", "kind:x", "live:", "live:embedded", "live:live:kind"]
)
def test_another_name_is_told_in_one_sentence(name: str, tmp_path: Path) -> None:
    with pytest.raises(TargetError, match=f"There is no target '{name}': choose embedded, kind, or context:NAME"):
        choose(name, JUDGED, tmp_path)


def test_the_command_gives_up_on_it(root: Path, tmp_path: Path) -> None:
    arguments = ["verify", "archive-tagger", "staging", "--root", str(root), "--reports", str(tmp_path)]
    result = CliRunner().invoke(main, [*arguments, "--target", "minikube"])
    assert result.exit_code == 3
    assert result.stderr.startswith("gate: There is no target 'minikube'")
    assert len(result.stderr.splitlines()) == 1
