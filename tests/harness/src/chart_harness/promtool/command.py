"""Runs promtool."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from chart_harness.promtool.case import Case
from chart_harness.promtool.rule import Rule, read_rule
from cluster_images import modules
from cluster_images.go_modules import build

TIMEOUT_SECONDS = 120


@cache
def binary() -> Path:
    """promtool of the Prometheus that the test clusters run, built where it is not there yet. Raises GoBuildError."""
    return build(modules.PROMETHEUS, ["promtool"])["promtool"]


def check(groups: Sequence[Mapping[str, Any]]) -> str:
    """What `promtool check rules` complains of; empty when it is content."""
    with tempfile.TemporaryDirectory() as folder:
        rules = Path(folder) / "rules.yaml"
        rules.write_text(_dump({"groups": list(groups)}), encoding="utf-8")
        done = _run("check", "rules", str(rules))
    return done.stdout + done.stderr if done.returncode or "duplicate rule" in done.stdout else ""


def failures(groups: Sequence[Mapping[str, Any]], cases: Sequence[Case], *, workers: int = 2) -> list[str]:
    """What `promtool test rules` says of each case that does not come out, with the case's name; raises ValueError without cases."""
    if not cases:
        raise ValueError("There is no case to test the rules with: give some.")
    with tempfile.TemporaryDirectory() as folder:

        def complaint(number: int) -> str:
            rules, file = Path(folder) / f"rules-{number}.yaml", Path(folder) / f"case-{number}.yaml"
            rules.write_text(_dump({"groups": _tested(groups, cases[number])}), encoding="utf-8")
            file.write_text(_dump(cases[number].file(rules.name)), encoding="utf-8")
            done = _run("test", "rules", str(file))
            if done.returncode == 0 and "SUCCESS" in done.stdout:
                return ""
            return f"{', '.join(cases[number].rules)}: {cases[number].name}\n{done.stdout}{done.stderr}"

        with ThreadPoolExecutor(workers) as pool:
            return [text for text in pool.map(complaint, range(len(cases))) if text]


def _tested(groups: Sequence[Mapping[str, Any]], case: Case) -> list[dict[str, Any]]:
    """The groups with the rules that the case is about: to evaluate all others for days takes minutes."""
    kept = []
    for group in groups:
        rules = [dict(rule) for rule in group["rules"] if _is_of(read_rule(rule), case)]
        kept.append({**group, "rules": rules})
    return [group for group in kept if group["rules"]]


def _is_of(rule: Rule, case: Case) -> bool:
    return rule.name in case.rules and case.slo in {"", rule.slo}


def _dump(content: Any) -> str:
    return yaml.dump(content, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), sort_keys=False)


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(binary()), *arguments], capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False
    )
