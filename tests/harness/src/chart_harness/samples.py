"""Samples of metrics, from a page or from Prometheus, and reading them like a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families


@dataclass(frozen=True)
class Sample:
    """One series and its value."""

    name: str
    labels: Mapping[str, str]
    value: float


class Page:
    """A metrics page in the Prometheus text format. Immutable; threads may share it."""

    def __init__(self, text: str) -> None:
        """Raises ValueError for text that is no such page."""
        families = list(text_string_to_metric_families(text))
        self.families = {family.name: family.type for family in families}
        """The type of each family, by its name; a counter's is without `_total`."""
        self._samples = [Sample(s.name, s.labels, s.value) for family in families for s in family.samples]

    def series(self, name: str, **labels: str) -> list[Sample]:
        """The samples of this name that have all these labels."""
        return [sample for sample in self._samples if sample.name == name and labels.items() <= sample.labels.items()]


def total(samples: Iterable[Sample]) -> float:
    """The sum of their values."""
    return sum(sample.value for sample in samples)


def by_label(samples: Iterable[Sample], label: str) -> dict[str, float]:
    """The sum of the values for each value of a label; a sample without the label counts under ""."""
    sums: dict[str, float] = {}
    for sample in samples:
        key = sample.labels.get(label, "")
        sums[key] = sums.get(key, 0.0) + sample.value
    return sums
