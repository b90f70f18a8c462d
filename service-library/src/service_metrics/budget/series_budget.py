"""How many series a registry has and may have.

A series is one line of the page: a counter's child is one, a histogram's one a bucket and two more. All of the page counts,
also what collectors and metrics of other libraries print; that is only seen when the page is printed, so each scrape counts
anew, and in between each new child adds what it will print. What is there already is never taken away.

For each family with labels two things are set aside from its declaration on: its overflow series, and its line in the
counter of what was left out. So both fit when the rest is used up.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from threading import RLock
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary, WeakSet

from prometheus_client import GC_COLLECTOR, PLATFORM_COLLECTOR, PROCESS_COLLECTOR, REGISTRY, CollectorRegistry, Metric
from prometheus_client.registry import Collector

from service_metrics.budget.dropped import Dropped
from service_metrics.recording.family import RecordedFamily
from service_metrics.settings import series_budget_from_env

if TYPE_CHECKING:
    from service_metrics.budget.ration import Ration

LIMIT = series_budget_from_env()
"""Series of a process, as the environment says when the package is imported; None is any number."""


class SeriesBudget:
    """What one registry of this process has and may have. Safe in threads, signal handlers and forked children.

    Args:
        limit: How many series.
        registry: Whose. It is not kept alive.

    Attributes:
        used: Series that are there.
        reserved: Series that are set aside.
        rations: What its families with labels take from it.
        dropped: What was left out.
    """

    def __init__(self, limit: int, registry: CollectorRegistry) -> None:
        self.limit = limit
        self.used = self.reserved = 0
        self.rations: WeakSet[Ration] = WeakSet()
        self.dropped = Dropped(self)
        self._moved = 0
        self.renew_lock()
        if registry is REGISTRY:
            self._count_default_collectors()
        registry.register(self.dropped)
        _live.add(self)

    def _count_default_collectors(self) -> None:
        """Count what the first scrape would find anyhow; other collectors are asked by scrapes only, as that may cost."""
        from service_metrics.backend import BACKEND  # the classes that are rationed import this module

        collectors: list[Collector] = [PROCESS_COLLECTOR, PLATFORM_COLLECTOR, GC_COLLECTOR]
        if BACKEND == "shadow":
            from service_metrics.shadow.findings import FINDINGS

            collectors.append(FINDINGS)
        for collector in collectors:
            self.add(sum(series_of(family) for family in collector.collect()))

    def renew_lock(self) -> None:
        """Have a lock that nobody holds."""
        self.lock = RLock()  # a signal handler may make a child while its own thread does

    def has_room(self, series: int) -> bool:
        """Whether so many more fit."""
        return self.used + self.reserved + series <= self.limit

    def take(self, series: int) -> bool:
        """Count new series where they fit, and say whether they did."""
        with self.lock:
            fits = self.has_room(series)
            if fits:
                self.add(series)
            return fits

    def add(self, series: int) -> None:
        """Count new series, or fewer by a negative number; nobody is asked."""
        with self.lock:
            self.used += series
            self._moved += series

    def reserve(self, series: int) -> None:
        """Set aside, or release by a negative number."""
        with self.lock:
            self.reserved += series

    def counted(self, families: Iterator[Metric]) -> Iterator[Metric]:
        """Pass on what a scrape finds in the registry, and count it; a scrape that is broken off counts nothing."""
        moved_before = self._moved
        found = 0
        for family in families:
            found += series_of(family)
            yield family
        with self.lock:  # what has come meanwhile may be in both numbers; the next scrape knows
            self.used = found + max(0, self._moved - moved_before)
            self.reserved = sum(ration.counted_anew() for ration in self.rations)


def series_of(family: Metric) -> int:
    """Return how many lines a collected family prints; one of ours knows without making them."""
    return family.series if isinstance(family, RecordedFamily) else len(family.samples)


_budgets: WeakKeyDictionary[CollectorRegistry, SeriesBudget] = WeakKeyDictionary()
_live: WeakSet[SeriesBudget] = WeakSet()
_making = RLock()


def budget_of(registry: CollectorRegistry) -> SeriesBudget | None:
    """Return the registry's budget, made on first use; None where the environment sets none."""
    if LIMIT is None:
        return None
    with _making:
        if registry not in _budgets:
            _budgets[registry] = SeriesBudget(LIMIT, registry)
        return _budgets[registry]


def known_budget(source: object) -> SeriesBudget | None:
    """Return the budget of a registry that has one; None for anything else."""
    return _budgets.get(source) if LIMIT is not None and isinstance(source, CollectorRegistry) else None


def _begin_in_child() -> None:
    """Runs in a forked child, which has its parent's children and none of its threads; must not log or wait."""
    global _making  # noqa: PLW0603  # a thread of the parent may hold it
    _making = RLock()
    for budget in list(_live):
        budget.renew_lock()
        budget.dropped.begin_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_in_child)
