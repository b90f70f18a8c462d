"""What the comparison found: counted on the page, and one log line for each series and operation."""

from __future__ import annotations

import logging
from collections.abc import Hashable, Iterable

import prometheus_client
from prometheus_client import REGISTRY, Metric
from prometheus_client.registry import Collector

logger = logging.getLogger("service_metrics")

MISMATCHES = prometheus_client.Counter(
    "service_metrics_shadow_mismatches_total",
    "Series and operations that came out differently on the two backends, each counted once.",
    ["family"],
    registry=None,
)
COMPARISONS = prometheus_client.Counter(
    "service_metrics_shadow_comparisons_total",
    "Comparisons of a family's series on both backends: without any, no mismatch proves nothing.",
    registry=None,
)


class _Findings(Collector):
    """Both counters, as the last that a scrape asks, so that they say what that very scrape has found."""

    def __init__(self) -> None:
        REGISTRY.register(self)

    def be_last(self) -> None:
        """Stand behind a metric that has just been registered."""
        REGISTRY.unregister(self)
        REGISTRY.register(self)

    def describe(self) -> Iterable[Metric]:
        return [*MISMATCHES.describe(), *COMPARISONS.describe()]

    def collect(self) -> Iterable[Metric]:
        return [*MISMATCHES.collect(), *COMPARISONS.collect()]


FINDINGS = _Findings()
_reported: set[tuple[str, Hashable]] = set()


def report(family: str, key: Hashable, subject: str, theirs: object, ours: object) -> None:
    """Count and log a mismatch of `family`, once for each `key`."""
    if (family, key) in _reported:
        return
    _reported.add((family, key))
    MISMATCHES.labels(family).inc()
    logger.warning(
        "The backends differ: %s is %s with prometheus_client and %s with service_metrics.", subject, theirs, ours
    )


def forget() -> None:
    """Begin anew, for tests."""
    _reported.clear()
    MISMATCHES.clear()
