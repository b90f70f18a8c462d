"""Runs promtool."""

from __future__ import annotations

import json
import re
import shutil
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
    """The one on the PATH (`python ci/toolchain/tools.py promtool`), else the test clusters' Prometheus has one. Raises GoBuildError."""
    found = shutil.which("promtool")
    return Path(found) if found else build(modules.PROMETHEUS, ["promtool"])["promtool"]


def check(files: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """What `promtool check rules` complains of in these rule files, by their names; empty when it is content."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for name, groups in files.items():
            paths.append(Path(folder) / f"{name}.yaml")
            paths[-1].write_text(_dump({"groups": list(groups)}), encoding="utf-8")
        done = _run("check", "rules", "--lint=all", "--lint-fatal", *map(str, paths))
    return done.stdout + done.stderr if done.returncode or done.stdout.count("SUCCESS") != len(files) else ""


def failures(groups: Sequence[Mapping[str, Any]], cases: Sequence[Case], *, workers: int = 2) -> list[str]:
    """What `promtool test rules` says of each case that does not come out, with the case's name; raises ValueError without cases."""
    if not cases:
        raise ValueError("There is no case to test the rules with: give some.")
    with tempfile.TemporaryDirectory() as folder:

        def complaint(number: int) -> str:
            done = _test(groups, cases[number], Path(folder), cases[number].file("rules.yaml"), str(number))
            if done.returncode == 0 and "SUCCESS" in done.stdout:
                return ""
            return f"{', '.join(cases[number].rules)}: {cases[number].name}\n{done.stdout}{done.stderr}"

        with ThreadPoolExecutor(workers) as pool:
            return [text for text in pool.map(complaint, range(len(cases))) if text]


def texts(groups: Sequence[Mapping[str, Any]], case: Case, alert: str) -> set[str]:
    """Summaries and descriptions of an alert at the end of a case, as Prometheus fills them in."""
    file = case.file("rules.yaml")
    asked = {"alertname": alert, "eval_time": f"{round(case.expected[-1].second)}s", "exp_alerts": []}
    file["tests"] = [{**file["tests"][0], "promql_expr_test": [], "alert_rule_test": [asked]}]
    with tempfile.TemporaryDirectory() as folder:
        done = _test(groups, case, Path(folder), file, "texts")
        said = done.stdout + done.stderr
    return {json.loads(f'"{text}"') for text in re.findall(r'(?:summary|description)="((?:[^"\\]|\\.)*)"', said)}


def _test(
    groups: Sequence[Mapping[str, Any]], case: Case, folder: Path, file: Mapping[str, Any], name: str
) -> subprocess.CompletedProcess[str]:
    own = folder / name
    own.mkdir()
    (own / "rules.yaml").write_text(_dump({"groups": _tested(groups, case)}), encoding="utf-8")
    (own / "case.yaml").write_text(_dump(dict(file)), encoding="utf-8")
    return _run("test", "rules", str(own / "case.yaml"))


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
