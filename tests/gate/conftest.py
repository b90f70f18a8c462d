"""Runs the real `gate` command on the real charts, as `make gate` does."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
GATE = Path(sys.executable).with_name("gate")
QUICK_SECONDS = 5


@dataclass(frozen=True)
class Run:
    """What a finished `gate verify` left behind."""

    exit_code: int
    output: str
    errors: str
    reports: Path

    @property
    def verdict(self) -> dict[str, Any]:
        assert (self.reports / "verdict.json").exists(), self.output + self.errors
        document: dict[str, Any] = json.loads((self.reports / "verdict.json").read_text())
        return document

    def checks(self, outcome: str) -> set[str]:
        """Ids of the checks that ended so."""
        return {check["id"] for check in self.verdict["checks"] if check["finding"]["outcome"] == outcome}


def command(service: str, environment: str, reports: Path, *arguments: str) -> list[str]:
    return [str(GATE), "verify", service, environment, "--root", str(ROOT), "--reports", str(reports), *arguments]


def processes_of(reports: Path) -> list[psutil.Process]:
    """Live processes that work in the folder of a run's pods."""
    found = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(reports / "pods"):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return found


@pytest.fixture
def reports(tmp_path: Path) -> Iterator[Path]:
    """A folder for reports; whatever a test did, no process of its run may be left."""
    folder = tmp_path / "reports"
    yield folder
    left = processes_of(folder)
    for process in left:
        process.kill()
    assert not left


@pytest.fixture
def verify(reports: Path) -> Callable[..., Run]:
    """Runs `gate verify SERVICE ENVIRONMENT …` to its end."""

    def run(service: str, environment: str, *arguments: str) -> Run:
        done = subprocess.run(
            command(service, environment, reports, *arguments), capture_output=True, text=True, timeout=120, check=False
        )
        return Run(done.returncode, done.stdout, done.stderr, reports)

    return run


def quick_policy(path: Path) -> Path:
    """Writes the checkout's policy with shorter windows, for tests in which only speed matters."""
    policy = yaml.safe_load((ROOT / "ci" / "promotion-policy.yaml").read_text())
    for place in ("cluster", "live"):
        policy["window_seconds"][place] = QUICK_SECONDS
        for requirement in policy["inventory"][place].values():
            if "seconds" in requirement:
                requirement["seconds"] = QUICK_SECONDS
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(policy))
    return path
