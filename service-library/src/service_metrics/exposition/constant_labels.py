"""The labels that every series of a process has besides its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class ConstantLabels:
    """Labels put on every series.

    Attributes:
        defaults: A series that has a label of that name itself keeps its own.
        identity: Stand above a series' own labels: they keep the series of two workers apart.
    """

    defaults: Mapping[str, str] = field(default_factory=dict)
    identity: Mapping[str, str] = field(default_factory=dict)

    def on(self, labels: Mapping[str, str]) -> dict[str, str]:
        """Return the labels of a series whose own are `labels`."""
        return {**self.defaults, **labels, **self.identity}
