"""What a registry collects as the OpenTelemetry SDK's MetricsData, in batches, with the names and labels of the page."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import prometheus_client
from opentelemetry.sdk import metrics as instruments
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    Metric,
    MetricsData,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from service_metrics.otlp.points import Points, point
from service_metrics.otlp.streams import Row, Stream, streams
from service_metrics.otlp.temporality import Temporality
from service_metrics.pacing import pause

BATCH = 500
"""Points in one export: at its end the SDK copies, serialises and sends a whole message, 1.3 ms of that size."""

_SCOPE = InstrumentationScope("service_metrics")


@dataclass
class Batch:
    """One export.

    Attributes:
        data: What to export.
    """

    data: MetricsData
    _temporality: Temporality
    _deltas: list[tuple[Stream, list[Row]]] = field(default_factory=list)

    def delivered(self) -> None:
        """Say that it has arrived; without that, what it has of deltas is in the next push again."""
        for stream, rows in self._deltas:
            self._temporality.delivered(stream, rows)


def batches(
    families: Iterable[prometheus_client.Metric],
    *,
    resource: Resource,
    defaults: Mapping[str, str],
    since: int,
    temporality: Temporality,
) -> Iterator[Batch]:
    """Give the batches of one push; families are collected as batches are asked for.

    All points of a push have one time, its beginning: who queries the newest push finds all of its series there.

    Args:
        families: What a registry collects; those of ours may be unread.
        resource: The process.
        defaults: Attributes of every point that does not have a label of that name itself.
        since: When this process began to count, Unix nanoseconds.
        temporality: The exporter's preference, and what it has got.
    """
    metrics: list[Metric] = []
    deltas: list[tuple[Stream, list[Row]]] = []
    room = BATCH
    temporality.begin()
    moment = time.time_ns()
    for collected in streams(families, moment):
        aggregation = temporality.of(collected)
        is_delta = aggregation is AggregationTemporality.DELTA
        stream = temporality.undelivered(collected) if is_delta else collected
        first = 0
        while first < len(stream.rows):
            rows = list(stream.rows[first : first + room])
            metrics.append(_metric(stream, rows, aggregation, defaults, since))
            if is_delta:
                deltas.append((stream, rows))
            first += len(rows)
            room -= len(rows)
            if not room:
                yield Batch(_data(resource, metrics), temporality, deltas)
                pause()
                metrics, deltas, room = [], [], BATCH
    if metrics:
        yield Batch(_data(resource, metrics), temporality, deltas)
    temporality.end()


def _data(resource: Resource, metrics: list[Metric]) -> MetricsData:
    return MetricsData([ResourceMetrics(resource, [ScopeMetrics(_SCOPE, metrics, "")], "")])


def _metric(
    stream: Stream,
    rows: list[Row],
    temporality: AggregationTemporality,
    defaults: Mapping[str, str],
    since: int,
) -> Metric:
    def make(row: Row) -> Any:
        attributes = {**defaults, **stream.attributes(row)}
        start = stream.start(row, since)
        return point(attributes, stream.measured(row[1]), row[3], start=start, end=stream.collected)

    points = Points(rows, make)
    data: Gauge | Histogram | Sum
    if stream.instrument is instruments.ObservableGauge:
        data = Gauge(points)
    elif stream.instrument is instruments.Histogram:
        data = Histogram(points, temporality)
    else:
        data = Sum(points, temporality, is_monotonic=True)
    return Metric(stream.name, stream.description, stream.unit, data)
