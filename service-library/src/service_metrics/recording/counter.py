"""Counter: a total that only goes up."""

from __future__ import annotations

from collections.abc import Iterable

import prometheus_client
from prometheus_client import REGISTRY, CollectorRegistry, Metric
from prometheus_client.samples import Exemplar

from service_metrics.recording.exemplar import make_exemplar
from service_metrics.recording.instrument import Instrument, as_float
from service_metrics.recording.timing import ExceptionCounter


class Counter(Instrument):
    """Counts events or adds up amounts.

    Recording is safe in threads and takes no lock. A forked child starts from zero.

    Args:
        name: Name of the metric; `_total` is added where it is missing.
        documentation: One line of help.
        labelnames: Names of the labels.
        namespace: First part of the full name.
        subsystem: Second part of the full name.
        unit: Added to the name where it is missing.
        registry: Where to register; None for nowhere.

    Raises:
        ValueError: a name is invalid, reserved or registered already.
    """

    __slots__ = ("_exemplar", "_value")

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
        declared = prometheus_client.Counter(name, documentation, labelnames, namespace, subsystem, unit, None)
        super().__init__(declared, labelnames, registry)

    def _start(self) -> None:
        self._value = 0.0
        self._exemplar: Exemplar | None = None

    def inc(self, amount: float = 1.0, exemplar: dict[str, str] | None = None) -> None:
        """Add `amount`.

        Raises:
            ValueError: the amount is negative, or the metric has labels and no values for them.
        """
        if amount.__class__ is not float:
            amount = as_float(amount)
        if amount < 0:
            raise ValueError(f"{self} can only be incremented by non-negative amounts, not by {amount}.")
        try:
            self._value += amount
        except AttributeError:
            raise self._missing_labels() from None
        if exemplar:
            self._exemplar = make_exemplar(exemplar, amount)

    def reset(self) -> None:
        """Start again from zero, when a logical process restarts inside this one."""
        self._require_cell()
        self._start()

    def count_exceptions(
        self, exception: type[BaseException] | tuple[type[BaseException], ...] = Exception
    ) -> ExceptionCounter:
        """Count exceptions of these types that leave a block or function, `async def` too."""
        self._require_cell()
        return ExceptionCounter(self, exception)

    def _add_samples(self, metric: Metric, labels: dict[str, str]) -> None:
        metric.add_sample(f"{metric.name}_total", labels, self._value, None, self._exemplar)
