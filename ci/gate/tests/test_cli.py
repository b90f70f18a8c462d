"""The command: what it lists, and exit code 3 with one sentence for what it cannot run. Real runs are in tests/gate."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from promotion_gate import checks
from promotion_gate.cli import main

LEFT = ("verdict.json", "junit.xml", "report.html")


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    """Where an earlier run left its reports."""
    for name in LEFT:
        (tmp_path / name).write_text("of an earlier run")
    return tmp_path


def gate(root: Path, reports: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["verify", *arguments, "--root", str(root), "--reports", str(reports)])


def set_(pair: str) -> tuple[str, ...]:
    return ("aaa-api", "staging", "--set", pair)


@pytest.mark.parametrize(
    ("arguments", "wrong", "hint"),
    [
        (("nobody-api", "staging"), "nobody-api", "choose one of aaa-api, aaa-gateway, "),
        (("aaa-api", "stagign"), "stagign", "production, staging"),
        (("../aaa-api", "staging"), "../aaa-api", "choose one of"),
        (set_("metrics.port=http"), "metrics.port", "whole number"),
        (set_("metrics.prot=8080"), "prot", "metrics"),
        (set_("env.standard.PROMETHEUS_BACKEND=statsd"), "PROMETHEUS_BACKEND", "one of prometheus, otel"),
        (set_("workload.replicas=many"), "workload.replicas", "whole number"),
        (set_("metrics.port"), "--set 'metrics.port'", "KEY=VALUE"),
        (set_("=1"), "--set '=1'", "KEY=VALUE"),
        (set_("a..b=1"), "--set 'a..b=1'", "KEY=VALUE"),
    ],
)
def test_bad_input_is_told_in_one_sentence(
    arguments: tuple[str, ...], wrong: str, hint: str, root: Path, reports: Path
) -> None:
    result = gate(root, reports, *arguments)
    assert result.exit_code == 3
    assert wrong in result.stderr
    assert hint in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        (*set_("workload=1"), "--set", "workload.replicas=1"),
        set_("workload.replicas=["),
        ("aaa-api",),
        ("aaa-api", "staging", "--window", "long"),
        ("aaa-api", "staging", "--no-such-option"),
    ],
)
def test_a_bad_command_line_could_not_run(arguments: tuple[str, ...], root: Path, reports: Path) -> None:
    result = gate(root, reports, *arguments)
    assert result.exit_code == 3
    assert result.stderr.strip()
    assert "Traceback" not in result.output


def test_an_earlier_verdict_does_not_stand_beside_a_run_that_could_not_start(root: Path, reports: Path) -> None:
    assert gate(root, reports, "aaa-api", "stagign").exit_code == 3
    assert not [name for name in LEFT if (reports / name).exists()]


def test_a_folder_without_charts_is_told(tmp_path: Path) -> None:
    result = gate(tmp_path, tmp_path / "reports", "aaa-api", "staging")
    assert result.exit_code == 3
    assert "promotion-policy.yaml cannot be read" in result.stderr


def test_the_checks_are_listed_with_their_pages(root: Path) -> None:
    result = CliRunner().invoke(main, ["checks"])
    assert result.exit_code == 0
    rows = [line.split() for line in result.output.splitlines()]
    assert [(row[0], row[-1]) for row in rows] == [(check.id, check.documentation) for check in checks.ALL]
    assert all((root / check.documentation).is_file() for check in checks.ALL)


def test_help_explains_itself() -> None:
    result = CliRunner().invoke(main, ["verify", "-h"])
    assert result.exit_code == 0
    assert "SERVICE ENVIRONMENT" in result.output
