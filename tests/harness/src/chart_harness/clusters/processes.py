"""The processes of a container, and the environment that each was started with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

# The shell, sed and cat are in nearly every image. /proc/<pid>/environ is what the process was started with.
_LIST = r"""
for stat in /proc/[0-9]*/stat; do
  pid=${stat#/proc/}; pid=${pid%/stat}
  parent=$(sed -n 's/^PPid:[^0-9]*//p' "/proc/$pid/status" 2>/dev/null) || continue
  printf '\001%s\002%s\002' "$pid" "$parent"
  cat "/proc/$pid/cmdline" 2>/dev/null
  printf '\002'
  cat "/proc/$pid/environ" 2>/dev/null
done
true
"""
LIST_COMMAND = ("sh", "-c", _LIST)
"""Run it in a container and give what it writes to `processes`."""


@dataclass(frozen=True)
class Process:
    """A process of a container."""

    pid: int
    parent: int
    command: tuple[str, ...]
    environment: Mapping[str, str]


def processes(listed: str) -> list[Process]:
    """The container's own processes out of what LIST_COMMAND wrote, sorted by id: process 1 and its descendants.

    What `kubectl exec` starts, this listing included, descends from nobody in the container. A process that ended during the
    listing is left out.
    """
    found = {process.pid: process for process in _parse(listed)}

    def is_own(process: Process) -> bool:
        return process.pid == 1 or (process.parent in found and is_own(found[process.parent]))

    return sorted((process for process in found.values() if is_own(process)), key=lambda process: process.pid)


def _parse(listed: str) -> Iterator[Process]:
    for record in listed.split("\x01")[1:]:
        pid, parent, command, environment = record.split("\x02", 3)
        if not parent or not command:
            continue  # it has ended, or is a zombie
        pairs = (entry.partition("=") for entry in environment.split("\0") if entry)
        yield Process(
            pid=int(pid),
            parent=int(parent),
            command=tuple(command.rstrip("\0").split("\0")),
            environment={name: value for name, _, value in pairs},
        )
