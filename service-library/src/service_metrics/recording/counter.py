"""Counter: a total that only goes up."""

from __future__ import annotations

from collections.abc import Iterable

import prometheus_client
from prometheus_client import REGISTRY, CollectorRegistry

from service_metrics.recording.cells import CounterCell
from service_metrics.recording.family import Line
from service_metrics.recording.instrument import UNUSED, Instrument
from service_metrics.recording.timing import ExceptionCounter


class Counter(Instrument, CounterCell):
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
    ) -> None:
        labelnames = tuple(labelnames)
        checked = prometheus_client.Counter(name, documentation, labelnames or UNUSED, namespace, subsystem, unit, None)
        self._declare(checked, labelnames, registry, (Line("_total"),))

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
