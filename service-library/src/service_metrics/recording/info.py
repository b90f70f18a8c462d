"""Info: facts about the process as labels of a series that is always 1."""

from __future__ import annotations

from collections.abc import Iterable

import prometheus_client
from prometheus_client import REGISTRY, CollectorRegistry, Metric

from service_metrics.recording.instrument import Instrument


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
        declared = prometheus_client.Info(name, documentation, labelnames, namespace, subsystem, unit, None)
        super().__init__(declared, labelnames, registry)

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
        overlapping = sorted(set(self._family.labelnames) & set(val))
        if overlapping:
            raise ValueError(f"{self} has the labels {overlapping} already; leave them out of info().")
        if any(value is None for value in val.values()):
            raise ValueError(f"{self} got None as a value in info(); use an empty string or leave the key out.")
        self._value = dict(val)

    def _add_samples(self, metric: Metric, labels: dict[str, str]) -> None:
        metric.add_sample(f"{metric.name}_info", {**labels, **self._value}, 1.0)
