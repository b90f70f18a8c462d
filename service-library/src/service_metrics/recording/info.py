"""Info: facts about the process as labels of a series that is always 1."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import prometheus_client
from prometheus_client import REGISTRY, CollectorRegistry, Metric

from service_metrics.recording.family import Family, RecordedFamily
from service_metrics.recording.instrument import UNUSED, Instrument


class Info(Instrument):
    """Publishes key-value pairs, such as a version. Safe in threads; a forked child keeps them.

    Args:
        name: Name of the metric; the series is called `<name>_info`.
        documentation: One line of help.
        labelnames: Names of the labels.
        namespace: First part of the full name.
        subsystem: Second part of the full name.
        unit: Not allowed; here because prometheus_client has it.
        registry: Where to register; None for nowhere.

    Raises:
        ValueError: a name is invalid or registered already, or a unit is given.
    """

    __slots__ = ("_value",)
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
        checked = prometheus_client.Info(name, documentation, labelnames or UNUSED, namespace, subsystem, unit, None)
        self._declare(checked, labelnames, registry, None)

    def _start(self) -> None:
        self._value: dict[str, str] = {}

    def _zero(self) -> None:
        """Keep the facts: they hold for the forked child as well."""

    def info(self, val: dict[str, str]) -> None:
        """Replace the pairs.

        Raises:
            ValueError: a key is a label name of the metric, a value is None, or label values are missing.
        """
        self._require_cell()
        names = self._family.labelnames
        if not val.keys().isdisjoint(names):
            raise ValueError(f"Overlapping labels for Info metric, metric: {names} child: {val}")
        if any(value is None for value in val.values()):
            raise ValueError("Label value cannot be None")
        self._value = dict(val)

    def _collected(self, family: Family, children: Sequence[Info]) -> Metric:
        metric = RecordedFamily(family, (), read=True)
        for child in children:
            labels = dict(zip(family.labelnames, child._labelvalues, strict=True))
            metric.add_sample(f"{family.name}_info", {**labels, **child._value}, 1.0)
        return metric
