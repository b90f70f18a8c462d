"""Summary: how many, and how much in total."""

from __future__ import annotations

from collections.abc import Iterable

import prometheus_client
from prometheus_client import REGISTRY, CollectorRegistry

from service_metrics.recording.cells import SummaryCell
from service_metrics.recording.family import Line
from service_metrics.recording.instrument import UNUSED, Instrument
from service_metrics.recording.timing import Timer


class Summary(Instrument, SummaryCell):
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
        checked = prometheus_client.Summary(name, documentation, labelnames or UNUSED, namespace, subsystem, unit, None)
        self._declare(checked, labelnames, registry, (Line("_count", whole=True), Line("_sum", at=1)))

    def time(self) -> Timer:
        """Observe the seconds a block or function took, `async def` too."""
        return Timer(self, "observe")
