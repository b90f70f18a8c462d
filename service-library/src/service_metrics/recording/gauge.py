"""Gauge: a value that goes up and down."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Literal

import prometheus_client
from prometheus_client import REGISTRY, CollectorRegistry

from service_metrics.recording.cells import GaugeCell
from service_metrics.recording.family import Line
from service_metrics.recording.instrument import UNUSED, Instrument
from service_metrics.recording.timing import InprogressTracker, Timer

MultiprocessMode = Literal[
    "all", "liveall", "min", "livemin", "max", "livemax", "sum", "livesum", "mostrecent", "livemostrecent"
]


class Gauge(Instrument, GaugeCell):
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

    __slots__ = ()
    __module__ = "service_metrics.metrics"  # where prometheus_client has it, and what repr shows

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
        multiprocess_mode: MultiprocessMode = "all",
    ) -> None:
        labelnames = tuple(labelnames)
        checked = prometheus_client.Gauge(
            name,
            documentation,
            labelnames or UNUSED,
            namespace,
            subsystem,
            unit,
            None,
            multiprocess_mode=multiprocess_mode,
        )
        self._declare(checked, labelnames, registry, (Line(""),))

    def _zero(self) -> None:
        self._value = 0.0

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
