"""The processes of a run: found, measured and killed by a mark in their environment.

The mark is inherited by every child, so it finds what a process group or a parent's pid would miss: a daemon that left its session,
an orphan of a killed parent.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil

RUN_MARK = "PROMOTION_GATE_RUN"
POD_MARK = "PROMOTION_GATE_POD"

_GONE = (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess, OSError)


def of_run(run: str) -> Iterator[psutil.Process]:
    """Every live process that carries the run's mark."""
    for process in psutil.process_iter():
        try:
            if process.environ().get(RUN_MARK) == run:
                yield process
        except _GONE:
            continue


def of_pod(main_pid: int) -> list[psutil.Process]:
    """A pod's main process and its descendants."""
    try:
        main = psutil.Process(main_pid)
        return [main, *main.children(recursive=True)]
    except _GONE:
        return []


def memory_bytes(main_pid: int) -> int:
    """Bytes that a pod holds, near to what a container of its own would be charged; 0 if it is gone.

    Memory that the pod's processes share since a fork counts once. Files (libraries) count as the process that maps most of them has
    them, however many pods share them on this host: in a container each pod would be charged.
    """
    anonymous, files = 0, 0
    for process in of_pod(main_pid):
        try:
            anonymous += _anonymous_bytes(process)
            files = max(files, getattr(process.memory_info(), "shared", 0))
        except _GONE:
            continue
    return anonymous + files


def usage(main_pid: int) -> tuple[int, float]:
    """A pod's memory in bytes, and the CPU seconds that its live processes and their ended children have used; zeros if it is gone."""
    used = 0.0
    for process in of_pod(main_pid):
        try:
            times = process.cpu_times()
        except _GONE:
            continue
        # of a main process' ended children only: a worker's would be counted by its parent too
        used += times.user + times.system
        if process.pid == main_pid:
            used += times.children_user + times.children_system
    return memory_bytes(main_pid), round(used, 3)


def _anonymous_bytes(process: psutil.Process) -> int:
    """The process' share of anonymous memory. Linux tells (proc_pid_smaps_rollup(5)); elsewhere, what it shares with nobody."""
    rollup = Path(f"/proc/{process.pid}/smaps_rollup")
    if not rollup.exists():
        return int(process.memory_full_info().uss)
    fields = dict(line.split(":", 1) for line in rollup.read_text().splitlines()[1:])
    return sum(int(fields[name].removesuffix("kB")) * 1024 for name in ("Pss_Anon", "Pss_Shmem"))


def environment(process: psutil.Process) -> dict[str, str] | None:
    """What the process was started with, less the marks of this target; None if it is gone."""
    try:
        variables: dict[str, str] = process.environ()
    except _GONE:
        return None
    return {name: value for name, value in variables.items() if name not in {RUN_MARK, POD_MARK}}


def command(process: psutil.Process) -> str:
    """The process' name, for a person."""
    try:
        return str(process.name())
    except _GONE:
        return "gone"


def kill_run(run: str, pod: str | None = None, *, patience: float = 5.0) -> int:
    """Kills every process of the run (or of one of its pods), until none is left; returns how many were killed.

    Raises TimeoutError with their pids if some are still there after `patience` seconds.
    """
    killed: set[int] = set()
    rounds = 20
    for _ in range(rounds):  # again, for a process that forked while we looked
        found = [p for p in of_run(run) if pod is None or _pod(p) == pod]
        if not found:
            return len(killed)
        for process in found:
            killed.add(process.pid)
            try:
                process.kill()
            except _GONE:
                continue
        psutil.wait_procs(found, timeout=patience / rounds)
    raise TimeoutError(f"processes {sorted(killed)} survive SIGKILL")


def _pod(process: psutil.Process) -> str:
    try:
        return str(process.environ().get(POD_MARK, ""))
    except _GONE:
        return ""
