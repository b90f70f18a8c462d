"""Gauge: a value that goes up and down."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Literal

import prometheus_client
from prometheus_client import REGISTRY, CollectorRegistry, Metric

from service_metrics.recording.instrument import Instrument, as_float
from service_metrics.recording.timing import InprogressTracker, Timer

MultiprocessMode = Literal[
    "all", "liveall", "min", "livemin", "max", "livemax", "sum", "livesum", "mostrecent", "livemostrecent"
]


class Gauge(Instrument):
    """Holds a current value, set or counted, or asks a function for it.

    Recording is safe in threads and takes no lock. In a forked child the value is zero; a function is kept.

    Args:
        name: Name of the metric.
        documentation: One line of help.
        labelnames: Names of the labels.
        namespace: First part of the full name.
        subsystem: Second part of the full name.
        unit: Added to the name where it is missing.
        registry: Where to register; None for nowhere.
        multiprocess_mode: Checked and otherwise ignored: each worker has a series of its own.

    Raises:
        ValueError: a name is invalid, reserved or registered already, or the mode is unknown.
    """

    __slots__ = ("_function", "_value")

    def __init__(
        self,
        name: str,
        documentation: str,
        labelnames: Iterable[str] = (),
        namespace: str = "",
        subsystem: str = "",
        unit: str = "",
        registry: CollectorRegistry | None = REGISTRY,
        multiprocess_mode: MultiprocessMode = "all",
    ) -> None:
        labelnames = tuple(labelnames)
        declared = prometheus_client.Gauge(
            name, documentation, labelnames, namespace, subsystem, unit, None, multiprocess_mode=multiprocess_mode
        )
        super().__init__(declared, labelnames, registry)

    def _start(self) -> None:
        self._value = 0.0
        self._function: Callable[[], float] | None = None

    def _zero(self) -> None:
        self._value = 0.0

    def inc(self, amount: float = 1.0) -> None:
        """Add `amount`.

        Raises:
            ValueError: the metric has labels and no values for them.
        """
        if amount.__class__ is not float:
            amount = as_float(amount)
        try:
            self._value += amount
        except AttributeError:
            raise self._missing_labels() from None

    def dec(self, amount: float = 1.0) -> None:
        """Subtract `amount`.

        Raises:
            ValueError: the metric has labels and no values for them.
        """
        if amount.__class__ is not float:
            amount = as_float(amount)
        try:
            self._value -= amount
        except AttributeError:
            raise self._missing_labels() from None

    def set(self, value: float) -> None:
        """Set the value.

        Raises:
            ValueError: the metric has labels and no values for them.
        """
        self._require_cell()
        self._value = float(value)

    def set_to_current_time(self) -> None:
        """Set the value to the current Unix time, in seconds."""
        self.set(time.time())

    def set_function(self, f: Callable[[], float]) -> None:
        """Ask `f` for the value at each scrape, from the scraping thread; other methods show no effect from then on."""
        self._require_cell()
        self._function = f

    def track_inprogress(self) -> InprogressTracker:
        """Add one while a block or function runs, `async def` too."""
        self._require_cell()
        return InprogressTracker(self)

    def time(self) -> Timer:
        """Set the value to the seconds a block or function took, `async def` too."""
        return Timer(self, "set")

    def _add_samples(self, metric: Metric, labels: dict[str, str]) -> None:
        value = self._value if self._function is None else float(self._function())
        metric.add_sample(metric.name, labels, value)
