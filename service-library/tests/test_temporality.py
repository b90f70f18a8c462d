"""Delta and cumulative, with the SDK's own OTLP exporter: every observation is delivered once, also after failures."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter as Counted
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.proto.metrics.v1 import metrics_pb2
from opentelemetry.sdk.metrics import Counter, Histogram, ObservableCounter
from opentelemetry.sdk.metrics.export import AggregationTemporality, ConsoleMetricExporter, MetricExportResult
from opentelemetry.sdk.resources import Resource
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

from service_metrics.otlp.data_model import batches
from service_metrics.otlp.temporality import Temporality

CUMULATIVE = metrics_pb2.AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
DELTA = metrics_pb2.AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA


class Pushes:
    """Pushes a registry with the SDK's exporter and returns what arrived, by name."""

    def __init__(self, collector: Any, otlp: SimpleNamespace) -> None:
        self._collector, self._otlp = collector, otlp
        self.registry = CollectorRegistry()
        self._exporter = OTLPMetricExporter()
        self.temporality = Temporality(self._exporter)

    def push(self, *, status: int = 200) -> dict[str, Any]:
        self._collector.statuses = [status]
        arrived: dict[str, Any] = {}
        for batch in batches(
            self.registry.collect(), resource=Resource({}), defaults={}, since=1_000, temporality=self.temporality
        ):
            if self._exporter.export(batch.data) is MetricExportResult.SUCCESS:
                batch.delivered()
            [request] = self._collector.drain()
            arrived |= self._otlp.metrics_of(request)
        return arrived

    def sums(self, *, status: int = 200) -> dict[tuple[str, ...], float]:
        """Values of all counters, by name and label values."""
        return {
            (name, *self._otlp.attributes_of(point).values()): point.as_double
            for name, metric in self.push(status=status).items()
            for point in metric.sum.data_points
        }


@pytest.fixture
def delta(collector: Any, otlp: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> Pushes:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta")
    return Pushes(collector, otlp)


def test_counters(delta: Pushes, backend: SimpleNamespace) -> None:
    counter = backend.Counter("done", "D.", ["kind"], registry=delta.registry)
    counter.labels("a").inc(5)
    counter.labels("idle")
    assert delta.sums() == {("done_total", "a"): 5, ("done_total", "idle"): 0}
    counter.labels("a").inc(2)
    counter.labels("b").inc()
    assert delta.sums() == {("done_total", "a"): 2, ("done_total", "b"): 1}
    assert delta.sums() == {}  # nothing happened


def test_a_failed_push_is_in_the_next_one(delta: Pushes, backend: SimpleNamespace) -> None:
    counter = backend.Counter("done", "D.", registry=delta.registry)
    histogram = backend.Histogram("took", "T.", buckets=[1, 5], registry=delta.registry)
    counter.inc(1)
    histogram.observe(0.5)
    first = delta.push()
    counter.inc(2)
    histogram.observe(3)
    delta.push(status=400)
    counter.inc(4)
    histogram.observe(9)
    delta.push(status=400)
    counter.inc(8)
    arrived = delta.push()
    [done], [took] = arrived["done_total"].sum.data_points, arrived["took"].histogram.data_points
    assert done.as_double == 14
    assert (list(took.bucket_counts), took.count, took.sum) == ([0, 1, 1], 2, 12)
    assert done.start_time_unix_nano == first["done_total"].sum.data_points[0].time_unix_nano < done.time_unix_nano
    assert arrived["done_total"].sum.aggregation_temporality == DELTA
    assert arrived["took"].histogram.aggregation_temporality == DELTA


def test_series_that_start_again(delta: Pushes, backend: SimpleNamespace) -> None:
    counter = backend.Counter("done", "D.", ["kind"], registry=delta.registry)
    for kind in "ab":
        counter.labels(kind).inc(5)
    delta.push()
    counter.remove("a")
    assert delta.sums() == {}
    counter.labels("a").inc(7)
    counter.labels("b").reset()
    counter.labels("b").inc(2)
    assert delta.sums() == {("done_total", "a"): 7, ("done_total", "b"): 2}


def test_a_recorded_series_that_starts_again_beyond_its_old_value(delta: Pushes, backends: Any) -> None:
    counter = backends["otel"].Counter("done", "D.", ["kind"], registry=delta.registry)
    counter.labels("a").inc(5)
    delta.push()
    counter.remove("a")
    counter.labels("a").inc(6)
    assert delta.sums() == {("done_total", "a"): 6}


def test_exemplars_are_sent_once(delta: Pushes, backend: SimpleNamespace) -> None:
    counter = backend.Counter("done", "D.", registry=delta.registry)
    counter.inc(1, {"tenant": "a"})
    assert len(delta.push()["done_total"].sum.data_points[0].exemplars) == 1
    counter.inc()
    assert len(delta.push()["done_total"].sum.data_points[0].exemplars) == 0


def test_summaries_gauges_and_custom_collectors(delta: Pushes, backend: SimpleNamespace) -> None:
    class Custom:
        value = 3.0

        def collect(self) -> list[Metric]:
            changing = HistogramMetricFamily("changing", "")
            changing.add_metric([], [("1.0", 2.0), *([("5.0", 2.0)] if self.value > 3 else []), ("+Inf", 3.0)], 4.0)
            return [CounterMetricFamily("jobs", "", value=self.value), changing]

    custom = Custom()
    delta.registry.register(custom)
    gauge = backend.Gauge("size", "S.", registry=delta.registry)
    summary = backend.Summary("bytes", "B.", registry=delta.registry)
    for amount in (3, 4):
        gauge.inc(amount)
        summary.observe(amount)
        last = delta.push()
        custom.value += 2
    assert last["size"].gauge.data_points[0].as_double == 7  # gauges have no temporality
    [point] = last["bytes"].histogram.data_points
    assert (point.count, point.sum) == (1, 4)
    assert last["jobs_total"].sum.data_points[0].as_double == 2
    [point] = last["changing"].histogram.data_points  # with other bounds nothing can be subtracted
    assert (list(point.explicit_bounds), point.count) == ([1, 5], 3)


@pytest.mark.parametrize("preference", ["", "lowmemory"])
def test_only_what_is_delta_is_remembered(
    preference: str, collector: Any, otlp: SimpleNamespace, backends: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", preference or "cumulative")
    pushes = Pushes(collector, otlp)
    backends["otel"].Counter("done", "D.", registry=pushes.registry).inc(5)
    backends["prometheus"].Counter("foreign", "F.", registry=pushes.registry).inc(5)
    pushes.push()
    arrived = pushes.push()
    assert arrived["foreign_total"].sum.aggregation_temporality == CUMULATIVE
    assert arrived["foreign_total"].sum.data_points[0].as_double == 5
    if preference:
        assert "done_total" not in arrived
        assert list(pushes.temporality._delivered) == ["done_total"]
    else:
        assert arrived["done_total"].sum.data_points[0].as_double == 5
        assert pushes.temporality._delivered == {}


class Delta(ConsoleMetricExporter):
    """An exporter that wants deltas; the tests below export nothing with it."""

    def __init__(self) -> None:
        super().__init__(preferred_temporality=dict.fromkeys((Counter, Histogram), AggregationTemporality.DELTA))


steps = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 100), st.sampled_from(["", "arrives", "fails"])))


@given(steps=steps)
def test_whatever_fails_each_observation_arrives_once(backends: Any, steps: list[tuple[str, int, str]]) -> None:
    registry = CollectorRegistry()
    histogram = backends["otel"].Histogram("took", "T.", ["kind"], buckets=[10, 50], registry=registry)
    temporality = Temporality(Delta())
    arrived: Counted[Any] = Counted()
    for kind, amount, push in [*steps, ("a", 0, "arrives")]:
        histogram.labels(kind).observe(amount)
        if not push:
            continue
        for batch in batches(
            registry.collect(), resource=Resource({}), defaults={}, since=1_000, temporality=temporality
        ):
            if push == "arrives":
                batch.delivered()
                data: Any = batch.data.resource_metrics[0].scope_metrics[0].metrics[0].data
                for point in data.data_points:
                    labels = point.attributes["kind"]
                    arrived.update({(labels, bucket): number for bucket, number in enumerate(point.bucket_counts)})
                    arrived[labels, "sum"] += point.sum
    expected: Counted[Any] = Counted(
        (kind, bisect_left([10, 50], amount)) for kind, amount, _ in [*steps, ("a", 0, "")]
    )
    for kind, amount, _ in steps:
        expected[kind, "sum"] += amount
    assert +arrived == +expected


def test_a_metric_in_two_parts() -> None:
    class Part:
        def __init__(self, kind: str) -> None:
            self.kind, self.value = kind, 3.0

        def collect(self) -> list[Metric]:
            jobs = CounterMetricFamily("jobs", "", labels=["kind"])
            jobs.add_metric([self.kind], self.value)
            return [jobs]

    registry = CollectorRegistry()
    temporality = Temporality(
        ConsoleMetricExporter(preferred_temporality={ObservableCounter: AggregationTemporality.DELTA})
    )

    def push() -> list[tuple[str, float]]:
        points: list[Any] = []
        for batch in batches(
            registry.collect(), resource=Resource({}), defaults={}, since=1_000, temporality=temporality
        ):
            batch.delivered()
            metrics: Any = batch.data.resource_metrics[0].scope_metrics[0].metrics
            points += [point for metric in metrics for point in metric.data.data_points]
        return [(point.attributes["kind"], point.value) for point in points]

    first, second = Part("a"), Part("b")
    registry.register(first)
    registry.register(second)
    assert push() == [("a", 3), ("b", 3)]
    second.value += 2
    assert push() == [("b", 2)]
    registry.unregister(first)
    assert push() == []
    registry.register(first)
    assert push() == [("a", 3)]  # it was gone, so it is new
