"""Enum: which of a set of states is true."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import prometheus_client
from prometheus_client import REGISTRY, CollectorRegistry

from service_metrics.recording.cells import Row
from service_metrics.recording.family import Line
from service_metrics.recording.instrument import UNUSED, Instrument


class Enum(Instrument):
    """Publishes one series per state, 1 for the current one. Safe in threads; a forked child keeps the state.

    Args:
        name: Name of the metric, and of the label that holds the state.
        documentation: One line of help.
        labelnames: Names of further labels.
        namespace: First part of the full name.
        subsystem: Second part of the full name.
        unit: Not allowed; here because prometheus_client has it.
        registry: Where to register; None for nowhere.
        states: All states; the first is the state at the start.

    Raises:
        ValueError: a name is invalid or registered already, no states are given, or a unit is.
    """

    __slots__ = ("_current", "_states")
    __module__ = "service_metrics.metrics"  # where prometheus_client has it, and what repr shows

    def __init__(
        self,
        name: str,
        documentation: str,
        labelnames: Sequence[str] = (),
        namespace: str = "",
        subsystem: str = "",
        unit: str = "",
        registry: CollectorRegistry | None = REGISTRY,
        _labelvalues: None = None,  # prometheus_client's; here so that arguments by position fit
        states: Iterable[str] | None = None,
    ) -> None:
        labelnames = tuple(labelnames)
        self._states = tuple(states or ())
        checked = prometheus_client.Enum(
            name, documentation, labelnames or UNUSED, namespace, subsystem, unit, None, states=self._states
        )
        full_name = next(iter(checked.describe())).name
        lines = tuple(Line("", ((full_name, state),), at=index, whole=True) for index, state in enumerate(self._states))
        self._declare(checked, labelnames, registry, lines)

    def _take_options(self, declared: Enum) -> None:
        self._states = declared._states

    def _start(self) -> None:
        self._current = 0

    def _zero(self) -> None:
        """Keep the state: it holds for the forked child as well."""

    def state(self, state: str) -> None:
        """Make this the current state.

        Raises:
            ValueError: it is not one of the states, or label values are missing.
        """
        self._require_cell()
        if state not in self._states:
            raise ValueError(f"{state!r} is not in list: {self} has the states {list(self._states)}")
        self._current = self._states.index(state)

    def _row(self) -> Row:
        current = self._current  # read once: another thread may set it
        return (self._labelvalues, [int(index == current) for index in range(len(self._states))], 0.0, None)
