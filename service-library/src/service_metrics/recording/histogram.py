"""Histogram: how many observations fell into each bucket."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import prometheus_client
from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.utils import floatToGoString

from service_metrics.recording.cells import HistogramCell
from service_metrics.recording.family import Line
from service_metrics.recording.instrument import UNUSED, Instrument
from service_metrics.recording.timing import Timer

INF = float("inf")


class Histogram(Instrument, HistogramCell):
    """Counts observations by bucket and adds up their sizes.

    Recording is safe in threads and takes no lock, and a scrape sees bucket counts and sum of the same observations.
    A forked child starts from zero.

    Args:
        name: Name of the metric.
        documentation: One line of help.
        labelnames: Names of the labels; `le` is reserved.
        namespace: First part of the full name.
        subsystem: Second part of the full name.
        unit: Added to the name where it is missing.
        registry: Where to register; None for nowhere.
        buckets: Upper bounds (inclusive) in ascending order; `+Inf` is added where it is missing.

    Raises:
        ValueError: a name is invalid, reserved or registered already, or the buckets are not in order.
    """

    __slots__ = ()
    __module__ = "service_metrics.metrics"  # where prometheus_client has it, and what repr shows

    DEFAULT_BUCKETS = prometheus_client.Histogram.DEFAULT_BUCKETS

    def __init__(
        self,
        name: str,
        documentation: str,
        labelnames: Iterable[str] = (),
        namespace: str = "",
        subsystem: str = "",
        unit: str = "",
        registry: CollectorRegistry | None = REGISTRY,
        _labelvalues: None = None,  # prometheus_client's; here so that arguments by position fit
        buckets: Sequence[float | str] = DEFAULT_BUCKETS,
    ) -> None:
        labelnames = tuple(labelnames)
        buckets = tuple(buckets)
        checked = prometheus_client.Histogram(
            name, documentation, labelnames or UNUSED, namespace, subsystem, unit, None, buckets=buckets
        )
        bounds = [float(bound) for bound in buckets]
        if bounds[-1] != INF:
            bounds.append(INF)
        self._bounds = bounds
        # As Go writes them, so that a bucket has one name whatever language recorded it.
        names = [floatToGoString(bound) for bound in bounds]  # type: ignore[no-untyped-call]
        last = len(bounds) - 1
        lines = [Line("_bucket", (("le", name),), index, running=True, whole=True) for index, name in enumerate(names)]
        lines.append(Line("_count", (), last, running=True, whole=True))
        if bounds[0] >= 0:  # a sum that can fall is no counter (OpenMetrics 1.0, "Histogram")
            lines.append(Line("_sum", (), last + 1))
        self._declare(checked, labelnames, registry, tuple(lines), tuple(bounds))

    @property
    def _upper_bounds(self) -> list[float]:
        """prometheus_client's name for the bounds, which code in the wild reads."""
        return self._bounds

    def _take_options(self, declared: Histogram) -> None:
        self._bounds = declared._bounds

    def time(self) -> Timer:
        """Observe the seconds a block or function took, `async def` too."""
        return Timer(self, "observe")
