"""Probes as a kubelet runs them: exec or HTTP, with a time-out, thresholds and a period."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import requests

from promotion_gate.workload import Probe

_HTTP_GOOD = range(200, 400)


@dataclass(frozen=True)
class ProbeRunner:
    """Runs probes of one pod. `ports` maps the container's ports to the host's."""

    environment: Mapping[str, str]
    directory: Path
    ports: Mapping[int, int]

    def failure(self, probe: Probe) -> str:
        """Runs the probe once; empty if it succeeded, else a clause that says how it failed."""
        return self._exec(probe) if probe.command else self._http(probe)

    def _exec(self, probe: Probe) -> str:
        try:
            done = subprocess.run(
                probe.command,
                env=dict(self.environment),
                cwd=self.directory,
                capture_output=True,
                timeout=probe.timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"{' '.join(probe.command)} took more than {probe.timeout:g} s"
        except OSError as error:
            return f"{' '.join(probe.command)} does not start: {error}"
        output = (done.stderr or done.stdout).decode(errors="replace").strip()
        return f"{' '.join(probe.command)} exits {done.returncode}: {output[-200:]}" if done.returncode else ""

    def _http(self, probe: Probe) -> str:
        url = f"http://127.0.0.1:{self.ports.get(probe.port, probe.port)}{probe.path}"
        try:
            status = requests.get(url, timeout=probe.timeout, headers={"Connection": "close"}).status_code
        except requests.Timeout:
            return f"GET {probe.path} has no answer within {probe.timeout:g} s"
        except requests.RequestException:
            return f"GET {probe.path}: connection refused or closed"
        return "" if status in _HTTP_GOOD else f"GET {probe.path} answers {status}"


@dataclass
class ProbeState:
    """A probe's history since its container started; `healthy` follows the thresholds. Owned by one thread."""

    probe: Probe
    due: float
    healthy: bool
    last_failure: str = ""
    _run: int = field(default=0, repr=False)

    def record(self, failure: str, now: float) -> None:
        """Takes a result at `now`, in seconds of the caller's clock."""
        self.due = now + self.probe.period
        if bool(failure) is self.healthy:
            self._run += 1
            threshold = self.probe.failure_threshold if failure else self.probe.success_threshold
            if self._run >= threshold:
                self.healthy, self._run = not failure, 0
        else:
            self._run = 0
        self.last_failure = failure
