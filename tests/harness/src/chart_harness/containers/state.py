"""What the engine knows of a container, and of the processes in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class State:
    """A container at one moment."""

    running: bool
    exit_code: int | None
    """None while it runs. 137 is SIGKILL, 143 a SIGTERM that nothing handled."""
    oom_killed: bool
    """The kernel has killed a process of it because it was over its memory limit."""
    restart_count: int
    error: str = ""
    """Why the engine could not start it."""

    @classmethod
    def of(cls, inspected: Mapping[str, Any]) -> State:
        """The state in what `docker inspect` says."""
        state = inspected["State"]
        running = bool(state["Running"])
        return cls(
            running=running,
            exit_code=None if running or state["Status"] == "created" else int(state["ExitCode"]),
            oom_killed=bool(state["OOMKilled"]),
            restart_count=int(inspected.get("RestartCount", 0)),
            error=str(state.get("Error", "")),
        )


@dataclass(frozen=True)
class Process:
    """A line of /proc/PID/stat."""

    pid: int
    name: str
    state: str
    """One letter: R, S, D, and Z for one that has ended and that nobody has asked how."""
    parent: int


def parse_processes(text: str) -> list[Process]:
    """The processes in the contents of /proc/PID/stat files; a name may hold blanks and brackets (proc(5))."""
    found = []
    for line in text.splitlines():
        before, _, after = line.rpartition(")")
        pid, _, name = before.partition(" (")
        state, parent = after.split()[:2]
        found.append(Process(int(pid), name, state, int(parent)))
    return found
