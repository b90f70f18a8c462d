"""Histogram: how many observations fell into each bucket."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate

import prometheus_client
from prometheus_client import REGISTRY, CollectorRegistry, Metric
from prometheus_client.samples import Exemplar
from prometheus_client.utils import floatToGoString

from service_metrics.recording.exemplar import make_exemplar
from service_metrics.recording.instrument import Instrument, as_float
from service_metrics.recording.timing import Timer

INF = float("inf")


class Histogram(Instrument):
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

    __slots__ = ("_bounds", "_cell", "_exemplars", "_le")

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
        buckets: Sequence[float | str] = DEFAULT_BUCKETS,
    ) -> None:
        labelnames = tuple(labelnames)
        buckets = tuple(buckets)
        declared = prometheus_client.Histogram(
            name, documentation, labelnames, namespace, subsystem, unit, None, buckets=buckets
        )
        bounds = [float(bound) for bound in buckets]
        self._bounds = bounds if bounds[-1] == INF else [*bounds, INF]
        # As Go writes them, so that a bucket has one name whatever language recorded it; one list for all children.
        self._le = [floatToGoString(bound) for bound in self._bounds]  # type: ignore[no-untyped-call]
        super().__init__(declared, labelnames, registry)

    def _take_options(self, declared: Histogram) -> None:
        self._bounds = declared._bounds
        self._le = declared._le

    def _start(self) -> None:
        self._cell = [0.0] * (len(self._bounds) + 1)  # one count per bucket, then the sum
        self._exemplars: dict[int, Exemplar] | None = None

    def observe(self, amount: float, exemplar: dict[str, str] | None = None) -> None:
        """Count one observation of `amount`; NaN only spoils the sum, as in prometheus_client.

        Raises:
            ValueError: the metric has labels and no values for them.
        """
        if amount.__class__ is not float:
            amount = as_float(amount)
        try:
            cell = self._cell
        except AttributeError:
            raise self._missing_labels() from None
        if amount != amount:  # noqa: PLR0124  # NaN, which bisect would put into the first bucket
            cell[-1] += amount
            return
        bucket = bisect_left(self._bounds, amount)
        # Nothing is called between these two lines, so no thread sees the one without the other.
        cell[bucket] += 1.0
        cell[-1] += amount
        if exemplar:
            if self._exemplars is None:
                self._exemplars = {}
            self._exemplars[bucket] = make_exemplar(exemplar, amount)

    def time(self) -> Timer:
        """Observe the seconds a block or function took, `async def` too."""
        return Timer(self, "observe")

    def _add_samples(self, metric: Metric, labels: dict[str, str]) -> None:
        *counts, total = self._cell.copy()
        exemplars = self._exemplars or {}
        cumulative = 0.0
        for bucket, cumulative in enumerate(accumulate(counts)):
            bucket_labels = {**labels, "le": self._le[bucket]}
            metric.add_sample(f"{metric.name}_bucket", bucket_labels, cumulative, None, exemplars.get(bucket))
        metric.add_sample(f"{metric.name}_count", labels, cumulative)
        if self._bounds[0] >= 0:  # a sum that can fall is no counter (OpenMetrics 1.0, "Histogram")
            metric.add_sample(f"{metric.name}_sum", labels, total)
