"""What the budget left out: a counter that is on the page once there is anything, and one log line a process."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING, Any

from prometheus_client import Metric
from prometheus_client.registry import Collector

from service_metrics.budget.ration import OVERFLOW

if TYPE_CHECKING:
    from service_metrics.budget.series_budget import SeriesBudget

logger = logging.getLogger("service_metrics")

_NAMED = 3


class Dropped(Collector):
    """Counts label values that got no series of their own, each once.

    To know which it has counted it keeps their hashes, as many as the budget has series; then it begins anew and may count
    one again. So it never stops rising while new ones come, and needs little memory whatever comes.

    Args:
        budget: Whose.
    """

    def __init__(self, budget: SeriesBudget) -> None:
        from service_metrics.backend import Counter  # the classes that are rationed import this module

        self._budget = budget
        self._seen: set[int] = set()
        self._told: Thread | None = None
        # Registered by way of this collector: it is part of no budget, its lines are set aside.
        self._counter: Any = Counter(
            "service_metrics_dropped_series_total",
            "Label values without a series of their own, as METRICS_SERIES_BUDGET is used up.",
            ["family"],
            registry=None,
        )

    def begin_in_child(self) -> None:
        """Let the forked child count and say it for itself."""
        self._seen = set()
        self._told = None

    def note(self, family: str, values: tuple[str, ...]) -> None:
        """Count label values of a family. May be called with any lock held."""
        key = hash((family, values))
        with self._budget.lock:
            if key in self._seen:
                return
            if len(self._seen) >= self._budget.limit:
                self._seen.clear()
            self._seen.add(key)
            self._counter.labels(family).inc()
            if self._told is not None:
                return
            # In a thread of its own: the caller may hold a family's lock, and a log handler may record in that family.
            self._told = Thread(target=self._tell, name="service-metrics-budget", daemon=True)
        with suppress(RuntimeError):  # the interpreter ends
            self._told.start()

    def _tell(self) -> None:
        with self._budget.lock:
            rations = list(self._budget.rations)
        largest = sorted(rations, key=lambda ration: (-ration.series, ration.name))[:_NAMED]
        logger.warning(
            "The %d series of METRICS_SERIES_BUDGET are used up: new label values of a metric are counted together, in one "
            "series whose labels are all %r. Most series have %s. service_metrics_dropped_series_total counts what has no "
            "series of its own.",
            self._budget.limit,
            OVERFLOW,
            ", ".join(f"{ration.name} ({ration.series})" for ration in largest),
        )

    def wait_until_told(self) -> None:
        """Return once the log line is written, where there is one to write."""
        if self._told is not None and self._told.ident is not None:
            self._told.join()

    def describe(self) -> Iterable[Metric]:
        """Claim the counter's name."""
        return self._counter.describe()  # type: ignore[no-any-return]

    def collect(self) -> Iterable[Metric]:
        """Return the counter, once it has anything."""
        return [family for family in self._counter.collect() if family.samples]
