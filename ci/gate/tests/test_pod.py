"""A pod's life as a kubelet leads it, with tiny real scripts as its container."""

from __future__ import annotations

import os
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from promotion_gate.checks.check import Subject
from promotion_gate.evidence import PodState
from promotion_gate.targets.embedded import processes
from promotion_gate.targets.embedded.images import LocalImage
from promotion_gate.targets.embedded.pod import Pod, PodSpec
from promotion_gate.workload import Probe, Workload

WAIT = "import signal\nprint('up', flush=True)\nsignal.pause()\n"
IMAGE = LocalImage("demo:1", "")
PATIENCE = 20.0
"""Seconds until a condition that does not come true is a failure."""


def eventually(condition: Callable[[], bool], state: Callable[[], object]) -> None:
    deadline, never = time.monotonic() + PATIENCE, threading.Event()
    while not condition():
        assert time.monotonic() < deadline, state()
        never.wait(0.01)


def probe(file: str, success: int = 1, failure: int = 1) -> Probe:
    """Succeeds while the pod's folder holds the file."""
    return Probe(("test", "-e", file), period=0.02, timeout=10, success_threshold=success, failure_threshold=failure)


class Running:
    """A pod under test."""

    def __init__(self, spec: PodSpec) -> None:
        self.spec, self.pod = spec, Pod(spec)
        self.states: list[PodState] = []

    def has(self, condition: Callable[[PodState], bool]) -> PodState:
        """Waits for a state; keeps all that it saw."""

        def met() -> bool:
            self.states.append(self.pod.state)
            return condition(self.states[-1])

        eventually(met, lambda: self.states[-1])
        return self.states[-1]

    def printed(self, text: str) -> None:
        eventually(lambda: text in self.log, lambda: self.log)

    @property
    def log(self) -> str:
        return self.spec.log.read_text() if self.spec.log.exists() else ""

    @property
    def file(self) -> Callable[[str], Path]:
        return lambda name: self.spec.directory / name

    def alive(self) -> list[int]:
        return [process.pid for process in processes.of_run(self.spec.run)]

    def stop(self) -> None:
        self.pod.request_stop()
        self.pod.join(PATIENCE)


Start = Callable[..., Running]


@pytest.fixture
def start(pull: Subject, tmp_path: Path) -> Iterator[Start]:
    """Starts a pod whose container runs a script; keyword arguments are fields of its workload."""
    pods: list[Running] = []
    run = uuid.uuid4().hex

    def make(
        script: str,
        *,
        command: tuple[str, ...] = (),
        image: LocalImage | None = IMAGE,
        env: Mapping[str, str] | None = None,
        **fields: object,
    ) -> Running:
        workload: Workload = replace(pull.workload, **{"readiness": None, "grace_seconds": 5, **fields})  # type: ignore[arg-type]
        directory = tmp_path / "demo-0"
        directory.mkdir()
        marks = {processes.RUN_MARK: run, processes.POD_MARK: "demo-0"}
        pod = Running(
            PodSpec(
                name="demo-0",
                run=run,
                workload=workload,
                image=image,
                command=command or (sys.executable, "-I", "-S", "-c", script),
                environment={"PATH": os.environ["PATH"], **(env or {}), **marks},
                substitutions=(),
                facts={"metadata.name": "demo-0"},
                ports={},
                directory=directory,
            )
        )
        pods.append(pod)
        pod.pod.start()
        return pod

    yield make
    for pod in pods:
        pod.stop()
    assert processes.kill_run(run) == 0


def test_without_probes_it_is_ready_as_soon_as_it_runs(start: Start) -> None:
    pod = start(WAIT)
    assert pod.has(lambda state: state.ready) == PodState(
        "demo-0", "Running", ready=True, restarts=0, image="demo:1", facts={"metadata.name": "demo-0"}
    )
    pod.printed("up")


def test_it_runs_in_its_folder_with_its_environment_and_no_input(start: Start) -> None:
    pod = start(
        "import os, pathlib, signal, sys\n"
        "pathlib.Path('here').touch()\n"
        "print(os.environ['WORD'], 'HOME' in os.environ, repr(sys.stdin.read()), flush=True)\n"
        "signal.pause()\n",
        env={"WORD": "abc"},
    )
    pod.printed("abc False ''")
    assert pod.file("here").exists()


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("import sys; sys.exit(1)", "exit code 1"),
        ("", "exit code 0"),
        ("import os; os.kill(os.getpid(), 9)", "killed by signal 9"),
    ],
)
def test_what_ends_is_restarted_at_once_and_then_backs_off(script: str, reason: str, start: Start) -> None:
    pod = start(f"print('ran', flush=True)\n{script}")
    state = pod.has(lambda state: "CrashLoopBackOff" in state.reason)
    assert state.reason == f"CrashLoopBackOff: {reason}; next start in 10 s"
    assert (state.phase, state.ready, state.restarts) == ("Running", False, 1)
    assert pod.log.count("ran") == 2
    pod.stop()
    assert pod.log.count("ran") == 2


def test_a_restart_stays_counted_and_told_when_all_is_well_again(start: Start) -> None:
    once = "import pathlib, sys\nif not pathlib.Path('ran').exists():\n    pathlib.Path('ran').touch(); sys.exit(3)\n"
    state = start(once + WAIT).has(lambda state: state.restarts == 1 and state.ready)
    assert state.reason == "restarted: exit code 3"


def test_readiness_comes_and_goes_without_a_restart(start: Start) -> None:
    pod = start(WAIT, readiness=probe("ready", failure=2))
    assert "test -e ready exits 1" in pod.has(lambda state: "exits" in state.reason).reason
    assert not any(state.ready for state in pod.states)
    pod.file("ready").touch()
    assert pod.has(lambda state: state.ready).reason == ""
    pod.file("ready").unlink()
    assert pod.has(lambda state: not state.ready).restarts == 0


def test_a_failing_liveness_probe_restarts(start: Start) -> None:
    pod = start(WAIT, liveness=probe("alive"))
    state = pod.has(lambda state: "CrashLoopBackOff" in state.reason)
    assert "CrashLoopBackOff: liveness probe failed: test -e alive exits 1: ;" in state.reason
    assert (state.ready, state.restarts) == (False, 1)


def test_a_failing_startup_probe_restarts(start: Start) -> None:
    pod = start(WAIT, startup=probe("started", failure=3))
    state = pod.has(lambda state: "CrashLoopBackOff" in state.reason)
    assert "CrashLoopBackOff: startup probe failed: test -e started exits 1: ;" in state.reason
    assert state.restarts == 1
    assert not any(state.ready for state in pod.states)


def test_until_it_has_started_no_other_probe_counts(start: Start) -> None:
    pod = start(WAIT, startup=probe("started", failure=10**6), liveness=probe("alive"), readiness=probe("ready"))
    pod.has(lambda state: "test -e started" in state.reason)
    for name in ("alive", "ready"):
        pod.file(name).touch()
    pod.file("started").touch()
    assert pod.has(lambda state: state.ready).restarts == 0
    pod.file("started").unlink()  # it is not asked again
    pod.file("ready").unlink()
    assert "test -e ready" in pod.has(lambda state: not state.ready).reason
    assert pod.pod.state.restarts == 0


def test_an_image_that_is_not_there(start: Start) -> None:
    pod = start(WAIT, image=None)
    state = pod.has(lambda state: "ErrImagePull" in state.reason)
    assert (state.phase, state.ready, state.restarts, state.image) == ("Pending", False, 0, "")
    assert "reference-service:0.1.0" in state.reason
    assert not pod.log


@pytest.mark.parametrize("command", [("no-such-command",), ("/",), ("a\0b",)])
def test_a_command_that_does_not_start(command: tuple[str, ...], start: Start) -> None:
    state = start("", command=command).has(lambda state: "CrashLoopBackOff" in state.reason)
    assert "StartError" in state.reason
    assert (state.ready, state.restarts) == (False, 1)


def test_stop_lets_it_say_goodbye(start: Start) -> None:
    pod = start(
        "import signal, sys\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(print('goodbye', flush=True)))\n"
        "print('up', flush=True)\n"
        "signal.pause()\n"
    )
    pod.printed("up")
    pod.stop()
    assert "goodbye" in pod.log
    assert not pod.alive()


STUBBORN = (
    "import os, signal\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "for _ in range(2):\n"
    "    if os.fork() == 0:\n"
    "        os.setsid()\n"
    "        print('forked', flush=True)\n"
    "        signal.pause()\n"
)


@pytest.mark.parametrize("main", ["signal.pause()", "signal.signal(15, signal.SIG_DFL); signal.pause()"])
def test_stop_kills_what_ignores_it(main: str, start: Start) -> None:
    pod = start(f"{STUBBORN}\nprint('up', flush=True)\n{main}", grace_seconds=0.1)
    eventually(lambda: pod.log.count("forked") == 2 and "up" in pod.log, lambda: pod.log)
    assert len(pod.alive()) == 3
    pod.stop()
    assert not pod.alive()


def test_children_do_not_outlive_the_container_that_ends(start: Start) -> None:
    pod = start(f"{STUBBORN}\nprint('pids', os.getpid(), flush=True)\nos._exit(1)")
    pod.has(lambda state: "CrashLoopBackOff" in state.reason)
    assert not pod.alive()
    assert pod.pod.pid is None


def test_its_pid_is_the_containers(start: Start) -> None:
    pod = start(WAIT)
    pod.printed("up")
    assert pod.pod.pid is not None
    assert psutil.Process(pod.pod.pid).cwd() == str(pod.spec.directory)


def test_it_stops_before_it_starts_and_twice(start: Start) -> None:
    pod = start(WAIT)
    never = Pod(pod.spec)
    never.request_stop()
    never.join(0)
    pod.stop()
    pod.stop()
    assert not pod.alive()
