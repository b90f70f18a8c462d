"""One replica as a local process: started, probed, restarted with back-off and counted, as a kubelet would."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from promotion_gate.evidence import PodState, Substitution
from promotion_gate.targets.embedded import processes
from promotion_gate.targets.embedded.images import LocalImage
from promotion_gate.targets.embedded.probes import ProbeRunner, ProbeState
from promotion_gate.workload import Probe, Workload

BACK_OFF_SECONDS = (0.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0)
"""A kubelet's: the first restart is at once, then the delay doubles up to five minutes."""

_TICK = 0.05


@dataclass(frozen=True)
class PodSpec:
    """All that a pod needs to run."""

    name: str
    run: str
    workload: Workload
    image: LocalImage | None
    """None: the image is not to be had."""
    command: tuple[str, ...]
    environment: Mapping[str, str]
    substitutions: tuple[Substitution, ...]
    facts: Mapping[str, str]
    ports: Mapping[int, int]
    """Container port to host port."""
    directory: Path

    @property
    def log(self) -> Path:
        return self.directory / "log"


class Pod:
    """Runs a spec in a thread of its own, from `start` to `stop`. `state` may be read from any thread."""

    def __init__(self, spec: PodSpec) -> None:
        self.spec = spec
        self.pid: int | None = None
        self._lock = threading.Lock()
        self._state = PodState(
            spec.name, "Pending", ready=False, restarts=0, image="", reason="ContainerCreating", facts=spec.facts
        )
        self._last_end = ""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"pod-{spec.name}", daemon=True)
        self._probes = ProbeRunner(spec.environment, spec.directory, spec.ports)

    @property
    def state(self) -> PodState:
        with self._lock:
            return self._state

    def start(self) -> None:
        self._thread.start()

    def request_stop(self) -> None:
        """Asks for the end, without waiting, so that pods stop side by side."""
        self._stopping.set()

    def join(self, timeout: float) -> None:
        if self._thread.ident is not None:
            self._thread.join(timeout)

    def _set(self, phase: str, *, ready: bool = False, reason: str = "", restarted: bool = False) -> None:
        with self._lock:
            restarts = self._state.restarts + restarted
            image = self.spec.image.reference if self.spec.image else ""
            self._state = replace(self._state, phase=phase, ready=ready, restarts=restarts, image=image, reason=reason)

    def _run(self) -> None:
        if self.spec.image is None:
            self._set(
                "Pending",
                reason=f"ErrImagePull: no Python distribution for {self.spec.workload.image} is installed here",
            )
            return
        restarts = 0
        while not self._stopping.is_set():
            reason = self._run_once()
            if self._stopping.is_set():
                break
            delay = BACK_OFF_SECONDS[min(restarts, len(BACK_OFF_SECONDS) - 1)]
            if delay:
                self._set("Running", reason=f"CrashLoopBackOff: {reason}; next start in {delay:g} s")
            if self._stopping.wait(delay):
                break
            restarts += 1
            self._last_end = f"restarted: {reason}"
            self._set("Running", reason=self._last_end, restarted=True)

    def _run_once(self) -> str:
        """Runs the container until it ends or is told to; returns why it ended."""
        spec = self.spec
        spec.directory.mkdir(parents=True, exist_ok=True)
        with spec.log.open("ab") as log:
            try:
                process = subprocess.Popen(
                    spec.command,
                    env=dict(spec.environment),
                    cwd=spec.directory,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except (OSError, ValueError) as error:  # ValueError: a zero byte
                return f"StartError: {error}"
        self.pid = process.pid
        try:
            return self._supervise(process)
        finally:
            self._terminate(process)
            self.pid = None

    def _supervise(self, process: subprocess.Popen[bytes]) -> str:
        workload, began = self.spec.workload, time.monotonic()
        startup = _probe_state(workload.startup, began, healthy=False)
        readiness = _probe_state(workload.readiness, began, healthy=False)
        liveness = _probe_state(workload.liveness, began, healthy=True)
        while not self._stopping.is_set():
            code = process.poll()
            if code is not None:
                return f"exit code {code}" if code >= 0 else f"killed by signal {-code}"
            started = startup is None or startup.healthy
            for probe in (startup,) if not started else (readiness, liveness):
                if probe is not None and time.monotonic() >= probe.due:
                    probe.record(self._probes.failure(probe.probe), time.monotonic())
            for kind, probe in (("startup", startup), ("liveness", liveness)):
                if probe is not None and probe.failed:
                    return f"{kind} probe failed: {probe.last_failure}"
            blocking = readiness if started else startup
            ready = started and (readiness is None or readiness.healthy)
            why = f"not ready: {blocking.last_failure or 'not probed yet'}" if blocking and not ready else ""
            self._set("Running", ready=ready, reason=why or self._last_end)
            self._stopping.wait(_TICK)
        return "stopped"

    def _terminate(self, process: subprocess.Popen[bytes]) -> None:
        """SIGTERM to the main process, its grace, then SIGKILL to all: the end of process 1 ends a container."""
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(self.spec.workload.grace_seconds if not self._stopping.is_set() else self.stop_grace)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        processes.kill_run(self.spec.run, self.spec.name)

    @property
    def stop_grace(self) -> float:
        """Seconds between SIGTERM and SIGKILL when the run ends: the pod's own grace, up to five."""
        return min(self.spec.workload.grace_seconds, 5.0)


def _probe_state(probe: Probe | None, began: float, *, healthy: bool) -> ProbeState | None:
    return None if probe is None else ProbeState(probe, due=began + probe.initial_delay, healthy=healthy)
