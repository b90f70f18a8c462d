"""Probes as a kubelet runs them: exec or HTTP, with a time-out, thresholds and a period."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import requests

from promotion_gate.direct_http import direct_session
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
                stdin=subprocess.DEVNULL,
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
            with direct_session() as http:
                status = http.get(url, timeout=probe.timeout).status_code
        except requests.Timeout:
            return f"GET {probe.path} has no answer within {probe.timeout:g} s"
        except requests.ConnectionError:
            return f"GET {probe.path}: connection refused or closed"
        except (requests.RequestException, ValueError) as error:  # ValueError: a redirect to what is no URL
            return f"GET {probe.path}: {error}"
        return "" if status in _HTTP_GOOD else f"GET {probe.path} answers {status}"


@dataclass
class ProbeState:
    """A probe's history since its container started; `healthy` follows the thresholds. Owned by one thread."""

    probe: Probe
    due: float
    healthy: bool
    last_failure: str = ""
    failed: bool = False
    """Whether it last failed as often in a row as it may; for a startup or liveness probe that ends the container."""
    _run: int = field(default=0, repr=False)

    def record(self, failure: str, now: float) -> None:
        """Takes a result at `now`, in seconds of the caller's clock."""
        self.due = now + self.probe.period
        self._run = self._run + 1 if bool(failure) is bool(self.last_failure) else 1
        self.last_failure = failure
        if self._run >= (self.probe.failure_threshold if failure else self.probe.success_threshold):
            self.healthy, self.failed = not failure, bool(failure)
