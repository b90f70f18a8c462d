"""How a pod's container ended, for the diagnoses that tell one crash from another."""

from __future__ import annotations

from collections.abc import Iterator

from promotion_gate.doctor.view import Pod
from promotion_gate.evidence import Missing
from promotion_gate.targets.cluster.pods import container_status

CRASHES = frozenset({"CrashLoopBackOff", "RunContainerError", "StartError", "ContainerCannotRun"})
_KEPT = 300
"""Characters of a log line that are shown."""


def exit_codes(pod: Pod) -> tuple[int, ...]:
    """With what the container ended: now, and the run before this one."""
    container = container_status(pod.object)
    ends = [(container.get(key) or {}).get("terminated") or {} for key in ("state", "lastState")]
    return tuple(int(end.get("exitCode", 0)) for end in ends if end)


def keeps_crashing(pod: Pod) -> bool:
    """Whether the container ends by itself: it waits to be started again, or was and is not Ready."""
    waiting = (container_status(pod.object).get("state") or {}).get("waiting") or {}
    return str(waiting.get("reason")) in CRASHES or (bool(exit_codes(pod)) and not pod.ready)


def last_words(pod: Pod, lines: int = 3) -> Iterator[str]:
    """The last lines of the run that ended; of the one that is on where nothing is left of it."""
    ended = pod.previous_log if not isinstance(pod.previous_log, Missing) else pod.log
    for line in () if isinstance(ended, Missing) else ended[-lines:]:
        yield f"{pod.name}: {quoted(line.text)}"


def quoted(line: str) -> str:
    """A log line, cut."""
    return line if len(line) <= _KEPT else f"{line[:_KEPT]}…"
