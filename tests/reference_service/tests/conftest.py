"""Starts the real `reference-service` command the way a pod would: own session, own scratch folder, own port."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from chart_harness.host_ports import PortLease

COMMAND = Path(sys.executable).with_name("reference-service")
POLL_SECONDS = 0.05


def wait_until(condition: Callable[[], Any], what: str, seconds: float = 20.0) -> Any:
    """Return the first true value of `condition()`; fail with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            pytest.fail(f"After {seconds:.0f} s still not true: {what}.")
        time.sleep(POLL_SECONDS)
    return value


@dataclass
class Service:
    """One running `reference-service`."""

    process: subprocess.Popen[bytes]
    port: int
    output: Path

    def text(self) -> str:
        return self.output.read_text()

    def log_lines(self) -> list[dict[str, Any]]:
        """Return every finished line of output; a line that is no JSON object fails the test."""
        lines = [json.loads(line) for line in self.text().splitlines(keepends=True) if line.endswith("\n")]
        assert all(isinstance(line, dict) for line in lines)
        return lines

    def logged(self, **fields: Any) -> list[dict[str, Any]]:
        """Return the log lines that hold all of `fields`."""
        return [line for line in self.log_lines() if fields.items() <= line.items()]

    def get(self, path: str, *, seconds: float = 5.0) -> httpx.Response:
        """GET over a new connection, so that any worker may answer."""
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=seconds, trust_env=False)

    def answers(self, path: str) -> bool:
        try:
            return self.get(path).status_code == 200
        except httpx.TransportError:
            return False

    def samples(self, name: str) -> list[tuple[dict[str, str], float]]:
        """Return labels and value of every series of one GET of the page whose sample name is `name`."""
        page = self.get("/metrics")
        assert page.status_code == 200
        families = text_string_to_metric_families(page.text)
        return [
            (dict(sample.labels), sample.value)
            for family in families
            for sample in family.samples
            if sample.name == name
        ]

    def total(self, name: str, **labels: str) -> float:
        """Return the sum over the series of `name` that carry `labels`."""
        return sum(value for found, value in self.samples(name) if labels.items() <= found.items())

    def session(self) -> list[psutil.Process]:
        """Return the processes of the service's session, zombies left out."""
        members = []
        for process in psutil.process_iter():
            try:
                if os.getsid(process.pid) == self.process.pid and process.status() != psutil.STATUS_ZOMBIE:
                    members.append(process)
            except (ProcessLookupError, psutil.NoSuchProcess):
                continue
        return members

    def stop(self, seconds: float = 25.0) -> int:
        """Send SIGTERM to the main process, as a kubelet does, and return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def kill(self) -> None:
        """End every process of the session, whatever state it is in."""
        for process in self.session():
            process.kill()
        self.process.wait()


StartService = Callable[..., Service]
WaitUntil = Callable[..., Any]
RunCommand = Callable[..., tuple[int, str]]


@pytest.fixture(name="wait_until")
def wait_until_fixture() -> WaitUntil:
    """Return `wait_until(condition, what, seconds=20.0)`: test files cannot import from each other."""
    return wait_until


@pytest.fixture
def free_port() -> Iterator[int]:
    lease = PortLease()
    yield lease.port
    lease.release()


@pytest.fixture
def start_service(tmp_path: Path, free_port: int) -> Iterator[StartService]:
    """Return `start(argument, **environment)`; a test's services share one TMPDIR and port, and end with the test."""
    started: list[Service] = []

    def start(argument: str, **environment: str) -> Service:
        output = tmp_path / f"output-{len(started)}"
        base = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
        with output.open("wb") as file:
            process = subprocess.Popen(
                [str(COMMAND), argument],
                env=base | {"METRICS_PORT": str(free_port)} | environment,
                cwd=tmp_path,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        started.append(Service(process, free_port, output))
        return started[-1]

    yield start
    for service in started:
        service.kill()


@pytest.fixture
def run_command(start_service: StartService) -> RunCommand:
    """Return `run(argument, **environment)` for runs that end by themselves: exit status and all their output."""

    def run(argument: str, **environment: str) -> tuple[int, str]:
        service = start_service(argument, **environment)
        return service.process.wait(30), service.text()

    return run
