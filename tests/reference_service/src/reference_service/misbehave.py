"""The switches of REFERENCE_MISBEHAVE: what each one breaks, and how the variable is read.

Each switch breaks one thing that a promotion gate looks at and leaves the rest as it is. Standard library only.
"""

from __future__ import annotations

import itertools
from enum import StrEnum

from reference_service.settings import ConfigurationError


class Switch(StrEnum):
    """One way to misbehave; the value is its name in REFERENCE_MISBEHAVE."""

    ERRORS = "errors"
    """Every fifth unit of work of a process ends in status 500. Counters and everything else stay right."""

    LEAK = "leak"
    """From the start, over about 3 s, the pod takes 1.2 x REFERENCE_LEAK_BYTES of memory and keeps it."""

    CRASH = "crash"
    """The first start of a pod exits 1 before it is ready; the marker file in $TMPDIR lets later starts live."""

    HANG = "hang"
    """The process lives and listens but never answers, writes no heartbeat and does no work; SIGTERM still ends it."""

    FORGET_METRIC = "forget-metric"
    """http-api does not register items_served_total; consumer and runner record no *_duration_seconds histogram."""

    UNSET_BACKEND = "unset-backend"
    """The process executes itself again without PROMETHEUS_BACKEND in its environment."""

    BAD_LABEL = "bad-label"
    """The service's own counter carries the label user_id, which a fleet forbids because it grows with the users."""

    SLOW = "slow"
    """Each item of the http-api takes 50 ms longer."""

    BURN = "burn"
    """Each item of the http-api costs 20 ms of CPU time more."""

    BLOAT = "bloat"
    """Each worker of the http-api keeps 48 MiB more, from the start."""


REGRESSIONS = frozenset({Switch.SLOW, Switch.BURN, Switch.BLOAT})
"""The switches that break nothing: the service is worse than it was, which only a comparison with before can show."""


def parse_switches(text: str) -> frozenset[Switch]:
    """Return the switches that `text`, comma-separated names, turns on; blanks around names do not matter.

    Raises `ConfigurationError` for an unknown name, with the list of the known ones.
    """
    names = [name for name in (part.strip() for part in text.split(",")) if name]
    known = {switch.value: switch for switch in Switch}
    for name in names:
        if name not in known:
            raise ConfigurationError(
                f"REFERENCE_MISBEHAVE names an unknown switch {name!r}: use any of {', '.join(known)}."
            )
    return frozenset(known[name] for name in names)


class EveryFifth:
    """Says of each unit of work whether it is a fifth one. For one thread; each process counts its own units."""

    def __init__(self, switches: frozenset[Switch]) -> None:
        self._active = Switch.ERRORS in switches
        self._units = itertools.count(1)

    def must_fail(self) -> bool:
        """Count one unit of work and return True when the `errors` switch is on and this is a fifth one."""
        return self._active and next(self._units) % 5 == 0
