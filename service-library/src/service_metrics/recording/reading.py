"""Reading a registry without a copy of all that it holds.

`collect()` must return what was true when it was called, because its caller may look at it much later. A page or a push reads
each family as soon as it has it, so here families of ours come unread, and are read slice by slice.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from typing import Protocol

from prometheus_client import Metric

from service_metrics.budget.series_budget import known_budget


class Source(Protocol):
    """A registry, or one collector."""

    def collect(self) -> Iterable[Metric]: ...


class _Reading(threading.local):
    at_once = False


_reading = _Reading()


def at_once() -> bool:
    """Whether this thread's caller of `collect()` reads what it gets at once."""
    return _reading.at_once


def families(source: Source) -> Iterator[Metric]:
    """Give what `source` collects; read each family before you take the next. Safe in threads.

    A registry that has a budget of series is counted by the way.
    """
    budget = known_budget(source)
    return _read_at_once(source) if budget is None else budget.counted(_read_at_once(source))


def _read_at_once(source: Source) -> Iterator[Metric]:
    collected = iter(source.collect())
    while True:
        _reading.at_once = True  # only while the source works: this generator waits in between, its thread does not
        try:
            family = next(collected, None)
        finally:
            _reading.at_once = False
        if family is None:
            return
        yield family
