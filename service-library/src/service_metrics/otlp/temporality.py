"""Cumulative or delta, as the exporter prefers, and what delta has to remember."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from opentelemetry.sdk.metrics.export import AggregationTemporality, MetricExporter

from service_metrics.otlp.points import paced
from service_metrics.otlp.streams import Distribution, Measured, Row, Stream

_Known = dict[tuple[Any, ...], tuple[float | int, Measured, int]]
"""By the labels of a series: since when its metric says it counts, its value, when that was collected."""


class Temporality:
    """What has been delivered of the streams that an exporter wants as deltas; nothing is kept of the others.

    A delta runs from the last delivered value, so what a failed export could not deliver is part of the next one. (An
    export that arrives although its answer is lost is therefore delivered twice.) A series that did not change since is
    left out. For one thread and one process: a forked child needs a new one.
    """

    def __init__(self, exporter: MetricExporter) -> None:
        self._preferred: dict[type, AggregationTemporality] = getattr(exporter, "_preferred_temporality", None) or {}
        self._delivered: dict[str, _Known] = {}
        self.begin()

    def begin(self) -> None:
        """Begin a push."""
        self._pending: dict[str, _Known] = {}
        self._present: dict[str, set[tuple[Any, ...]]] = {}

    def end(self) -> None:
        """Forget series that a whole push has not met: they are gone."""
        for name, known in self._delivered.items():
            for gone in known.keys() - self._present.get(name, set()):
                del known[gone]
        self.begin()

    def of(self, stream: Stream) -> AggregationTemporality:
        """Return the temporality of a stream; gauges have none and count as cumulative."""
        return self._preferred.get(stream.instrument, AggregationTemporality.CUMULATIVE)

    def undelivered(self, stream: Stream) -> Stream:
        """Return a stream with what its series have gained since they were last delivered."""
        known = self._delivered.setdefault(stream.name, {})
        pending = self._pending.setdefault(stream.name, {})  # two collectors may each have a part of a metric
        present = self._present.setdefault(stream.name, set())
        rows = []
        for key, state, created, exemplars in paced(stream.rows):
            now = stream.measured(state)
            before = known.get(key)
            present.add(key)
            if before is None or before[0] != created or _fell(now, before[1]):
                rows.append((key, now, created, exemplars))
            elif now != before[1]:
                _, value, since = before
                recent = {line: e for line, e in (exemplars or {}).items() if float(e.timestamp or 0) * 1e9 >= since}
                rows.append((key, _minus(now, value), since, recent))
            else:
                continue
            pending[key] = (created, now, stream.collected)
        return replace(stream, rows=rows, measured=_as_it_is)

    def delivered(self, stream: Stream, rows: Sequence[Row]) -> None:
        """Note that some rows of `undelivered(stream)` have arrived."""
        pending = self._pending[stream.name]
        self._delivered[stream.name].update((row[0], pending[row[0]]) for row in rows)


def _as_it_is(measured: Measured) -> Measured:
    return measured


def _fell(now: Measured, before: Measured) -> bool:
    """Whether a series has started again without saying so."""
    if isinstance(now, Distribution) and isinstance(before, Distribution):
        return now.count < before.count or now.bounds != before.bounds
    return now < before  # type: ignore[operator]  # both are numbers


def _minus(now: Measured, before: Measured) -> Measured:
    if isinstance(now, Distribution) and isinstance(before, Distribution):
        counts = [a - b for a, b in zip(now.counts, before.counts, strict=True)]
        total = None if now.total is None or before.total is None else now.total - before.total
        return Distribution(now.bounds, counts, now.count - before.count, total)
    return now - before  # type: ignore[operator]  # both are numbers
