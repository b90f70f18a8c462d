"""The mark finds and kills every process of a run, wherever it went; memory is counted as a container would be charged."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from typing import IO

import psutil
import pytest

from promotion_gate.targets.embedded import processes

MIB = 1024 * 1024

DAEMON = """
import os, signal, sys
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print(os.getpid(), flush=True)
        signal.pause()
    os._exit(0)
os.wait()
"""
SHARED = f"""
import mmap, os, signal
block = bytearray(os.urandom(64)) * ({64 * MIB} // 64)
for _ in range(2):
    if os.fork() == 0:
        os.write(1, b"forked\\n")
        signal.pause()
signal.pause()
"""
ZOMBIE = """
import os, signal
child = os.fork()
if child == 0:
    os._exit(0)
os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
print(child, flush=True)
signal.pause()
"""
WAITING = "import signal; print('up', flush=True); signal.pause()"

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def run() -> Iterator[str]:
    mark = uuid.uuid4().hex
    yield mark
    processes.kill_run(mark)


@pytest.fixture
def start(run: str) -> Iterator[Start]:
    """Starts a Python script as a process of the run."""
    started: list[subprocess.Popen[str]] = []

    def popen(script: str, pod: str = "demo-0") -> subprocess.Popen[str]:
        marks = {processes.RUN_MARK: run, processes.POD_MARK: pod}
        process = subprocess.Popen(
            [sys.executable, "-c", script], env={**os.environ, **marks}, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield popen
    for process in started:
        process.kill()
        process.wait()
        line(process, close=True)


def line(process: subprocess.Popen[str], *, close: bool = False) -> str:
    stream: IO[str] | None = process.stdout
    assert stream is not None
    if close:
        stream.close()
        return ""
    return stream.readline().strip()


def test_a_daemon_that_left_its_session_is_found_and_killed(run: str, start: Start) -> None:
    parent = start(DAEMON)
    daemon = int(line(parent))
    parent.wait()
    assert os.getsid(daemon) != os.getsid(0)
    assert daemon not in {child.pid for child in psutil.Process().children(recursive=True)}
    assert [process.pid for process in processes.of_run(run)] == [daemon]
    assert processes.kill_run(run) == 1
    assert not list(processes.of_run(run))
    assert processes.kill_run(run) == 0


def test_only_the_run_and_only_the_pod_is_killed(run: str, start: Start) -> None:
    mine, other_pod = start(WAITING, "demo-0"), start(WAITING, "demo-1")
    assert line(mine) == line(other_pod) == "up"
    assert processes.kill_run(uuid.uuid4().hex) == 0
    assert processes.kill_run(run, "demo-0") == 1
    mine.wait()
    assert other_pod.poll() is None
    assert processes.kill_run(run) == 1


def test_no_mark_matches_no_process() -> None:
    assert not list(processes.of_run(""))


def test_survivors_are_an_error_that_names_them(run: str, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    stubborn = start(WAITING)
    assert line(stubborn) == "up"
    with monkeypatch.context() as patched:
        patched.setattr(psutil.Process, "kill", lambda _self: None)
        with pytest.raises(TimeoutError, match=str(stubborn.pid)):
            processes.kill_run(run, patience=0.1)


def test_memory_shared_since_a_fork_counts_once(start: Start) -> None:
    parent = start(SHARED)
    assert [line(parent), line(parent)] == ["forked", "forked"]
    assert len(processes.of_pod(parent.pid)) == 3
    size = processes.memory_bytes(parent.pid)
    assert 64 * MIB <= size < 2 * 64 * MIB
    assert size < sum(process.memory_info().rss for process in processes.of_pod(parent.pid)) - 64 * MIB


def test_each_processs_own_memory_counts(start: Start) -> None:
    parent = start(SHARED.replace("    if os.fork() == 0:\n", "    if os.fork() == 0:\n        block = bytes(block)\n"))
    assert [line(parent), line(parent)] == ["forked", "forked"]
    assert processes.memory_bytes(parent.pid) >= 3 * 64 * MIB


def test_what_is_gone_has_no_memory_environment_or_name(start: Start) -> None:
    process = start(WAITING)
    assert line(process) == "up"
    shown = psutil.Process(process.pid)
    process.kill()
    process.wait()
    assert processes.memory_bytes(process.pid) == 0
    assert processes.of_pod(process.pid) == []
    assert processes.environment(shown) is None
    assert processes.command(shown) == "gone"


def test_the_environment_is_shown_without_the_marks(start: Start) -> None:
    process = start(WAITING)
    assert line(process) == "up"
    shown = processes.environment(psutil.Process(process.pid))
    assert shown is not None
    assert shown["PATH"] == os.environ["PATH"]
    assert not {processes.RUN_MARK, processes.POD_MARK} & shown.keys()


def test_a_zombie_has_no_environment_to_judge(start: Start) -> None:
    parent = start(ZOMBIE)
    zombie = psutil.Process(int(line(parent)))
    assert zombie.status() == psutil.STATUS_ZOMBIE
    assert processes.environment(zombie) is None


def test_the_watchdog_kills_the_run_when_its_input_ends(run: str, start: Start) -> None:
    from promotion_gate.targets.embedded import watchdog

    process = start(WAITING)
    assert line(process) == "up"
    guard = watchdog.start(run)
    assert process.poll() is None
    assert guard.stdin is not None
    guard.stdin.close()
    assert guard.wait(30) == 0
    assert process.wait(30) == -9
