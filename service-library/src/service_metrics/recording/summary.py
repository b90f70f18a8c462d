"""Summary: how many, and how much in total."""

from __future__ import annotations

from collections.abc import Iterable

import prometheus_client
from prometheus_client import REGISTRY, CollectorRegistry, Metric

from service_metrics.recording.instrument import Instrument, as_float
from service_metrics.recording.timing import Timer


class Summary(Instrument):
    """Counts observations and adds up their sizes.

    Recording is safe in threads and takes no lock. A forked child starts from zero.

    Args:
        name: Name of the metric.
        documentation: One line of help.
        labelnames: Names of the labels; `quantile` is reserved.
        namespace: First part of the full name.
        subsystem: Second part of the full name.
        unit: Added to the name where it is missing.
        registry: Where to register; None for nowhere.

    Raises:
        ValueError: a name is invalid, reserved or registered already.
    """

    __slots__ = ("_cell",)

    def __init__(
        self,
        name: str,
        documentation: str,
        labelnames: Iterable[str] = (),
        namespace: str = "",
        subsystem: str = "",
        unit: str = "",
        registry: CollectorRegistry | None = REGISTRY,
    ) -> None:
        labelnames = tuple(labelnames)
        declared = prometheus_client.Summary(name, documentation, labelnames, namespace, subsystem, unit, None)
        super().__init__(declared, labelnames, registry)

    def _start(self) -> None:
        self._cell = [0.0, 0.0]  # count, sum: one list, so a reader copies both at once

    def observe(self, amount: float) -> None:
        """Count one observation of `amount`.

        Raises:
            ValueError: the metric has labels and no values for them.
        """
        if amount.__class__ is not float:
            amount = as_float(amount)
        try:
            cell = self._cell
        except AttributeError:
            raise self._missing_labels() from None
        cell[0] += 1.0
        cell[1] += amount

    def time(self) -> Timer:
        """Observe the seconds a block or function took, `async def` too."""
        return Timer(self, "observe")

    def _add_samples(self, metric: Metric, labels: dict[str, str]) -> None:
        count, total = self._cell.copy()
        metric.add_sample(f"{metric.name}_count", labels, count)
        metric.add_sample(f"{metric.name}_sum", labels, total)
