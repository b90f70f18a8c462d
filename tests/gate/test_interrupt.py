"""However the gate ends, nothing that it started outlives it."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from tests.gate.conftest import command, processes_of

pytestmark = pytest.mark.live


@pytest.fixture
def running_gate(reports: Path) -> subprocess.Popen[str]:
    """A gate in the middle of its run: the pods take traffic."""
    gate = subprocess.Popen(
        command("aaa-api", "staging", reports, "--window", "60"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert gate.stdout is not None
    for line in gate.stdout:
        if "sending" in line:
            break
    assert len(processes_of(reports)) >= 6  # two pods, each a main process and two workers
    return gate


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_gate_stops_everything_and_says_so(
    number: signal.Signals, running_gate: subprocess.Popen[str], reports: Path
) -> None:
    running_gate.send_signal(number)
    _, errors = running_gate.communicate(timeout=30)
    assert running_gate.returncode == 130
    assert "all that the gate started for aaa-api is stopped and gone" in errors
    assert "Traceback" not in errors
    assert not processes_of(reports)
    assert not (reports / "verdict.json").exists()


def test_a_second_interrupt_does_not_leave_processes_behind(running_gate: subprocess.Popen[str], reports: Path) -> None:
    running_gate.send_signal(signal.SIGINT)
    running_gate.send_signal(signal.SIGINT)
    running_gate.communicate(timeout=30)
    assert not processes_of(reports)


def test_a_killed_gate_takes_its_pods_with_it(running_gate: subprocess.Popen[str], reports: Path) -> None:
    pods = processes_of(reports)
    running_gate.kill()
    running_gate.communicate(timeout=30)
    _, alive = psutil.wait_procs(pods, timeout=20)
    assert not alive
