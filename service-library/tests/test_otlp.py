"""Families become OTLP metrics with the names, labels and values of the page, over both real protocols."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from queue import Queue
from types import SimpleNamespace
from typing import Any

import grpc  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2_grpc import (
    MetricsServiceServicer,
    add_MetricsServiceServicer_to_server,
)
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality
from opentelemetry.sdk.metrics.export import ConsoleMetricExporter
from opentelemetry.sdk.resources import Resource
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric, SummaryMetricFamily

from service_metrics.identity import counting_since, instance_id
from service_metrics.otlp.data_model import batches
from service_metrics.otlp.push import PushLoop
from service_metrics.otlp.resource import process_resource
from service_metrics.otlp.temporality import Temporality
from service_metrics.recording import counter as recording
from service_metrics.recording.reading import families
from service_metrics.settings import Settings

CUMULATIVE = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
SINCE = 1_000
CREATED = 1_700_000_000_250_000_000
NOW = CREATED + 2_000_000_000


@pytest.fixture
def _fixed_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 1_700_000_000.25)
    monkeypatch.setattr("time.time_ns", lambda: NOW)


def encoded(registry: CollectorRegistry, **defaults: str) -> ExportMetricsServiceRequest:
    """The one export of a small registry."""
    [batch] = batches(
        registry.collect(),
        resource=Resource({}),
        defaults=defaults,
        since=SINCE,
        temporality=Temporality(ConsoleMetricExporter()),
    )
    return encode_metrics(batch.data)


@pytest.mark.usefixtures("_fixed_time")
def test_every_type(backend: SimpleNamespace, otlp: SimpleNamespace) -> None:
    registry = CollectorRegistry()
    counter = backend.Counter("requests", "Requests.", ["status"], registry=registry)
    counter.labels(200).inc(3)
    counter.labels("500").inc(0.5)
    backend.Gauge("size", "Size.", unit="bytes", registry=registry).set(-2)
    histogram = backend.Histogram("seconds", "Seconds.", ["op"], buckets=[0.1, 1, 5], registry=registry)
    for amount in (0.05, 0.1, 0.5, 7, 8):
        histogram.labels("read").observe(amount)
    backend.Summary("sizes", "Sizes.", registry=registry).observe(512)
    backend.Info("build", "Build.", registry=registry).info({"version": "1.2"})
    backend.Enum("state", "State.", states=["idle", "busy"], registry=registry).state("busy")

    found = otlp.metrics_of(encoded(registry, team="a"))
    assert set(found) == {"requests_total", "size_bytes", "seconds", "sizes", "build_info", "state"}
    assert [found["requests_total"].description, found["size_bytes"].unit] == ["Requests.", "bytes"]

    total = found["requests_total"].sum
    assert (total.is_monotonic, total.aggregation_temporality) == (True, CUMULATIVE)
    assert [(otlp.attributes_of(point), point.as_double) for point in total.data_points] == [
        ({"team": "a", "status": "200"}, 3.0),
        ({"team": "a", "status": "500"}, 0.5),
    ]
    start = CREATED if issubclass(backend.Counter, recording.Counter) else SINCE  # prometheus_client does not say
    assert {(point.start_time_unix_nano, point.time_unix_nano) for point in total.data_points} == {(start, NOW)}

    [size] = found["size_bytes"].gauge.data_points
    assert (size.as_double, size.start_time_unix_nano, size.time_unix_nano) == (-2.0, 0, NOW)

    assert found["seconds"].histogram.aggregation_temporality == CUMULATIVE
    [seconds] = found["seconds"].histogram.data_points
    assert (list(seconds.explicit_bounds), list(seconds.bucket_counts)) == ([0.1, 1, 5], [2, 1, 0, 2])
    assert (seconds.count, seconds.sum) == (5, pytest.approx(15.65))
    assert otlp.attributes_of(seconds) == {"team": "a", "op": "read"}
    assert not seconds.HasField("min")
    assert not seconds.HasField("max")

    [sizes] = found["sizes"].histogram.data_points
    assert (sizes.count, sizes.sum, list(sizes.explicit_bounds), list(sizes.bucket_counts)) == (1, 512, [], [])

    [build] = found["build_info"].gauge.data_points
    assert (otlp.attributes_of(build), build.as_double) == ({"team": "a", "version": "1.2"}, 1)
    states = {otlp.attributes_of(p)["state"]: p.as_double for p in found["state"].gauge.data_points}
    assert states == {"idle": 0, "busy": 1}


def test_custom_collectors(otlp: SimpleNamespace) -> None:
    class Custom:
        def collect(self) -> list[Metric]:
            endless = HistogramMetricFamily("no_inf", "", labels=["le2"])
            endless.add_metric(["x"], [("1.0", 2.0), ("+Inf", 3.0)], sum_value=None)
            quantiles = SummaryMetricFamily("quantiles", "", count_value=4, sum_value=6.0)
            quantiles.add_sample("quantiles", {"quantile": "0.5"}, 1.5)
            gauge_histogram = Metric("sizes", "", "gaugehistogram")
            gauge_histogram.add_sample("sizes_bucket", {"le": "1.0"}, 2)
            gauge_histogram.add_sample("sizes_gcount", {}, 2)
            untyped = Metric("untyped", "", "untyped")
            untyped.add_sample("untyped", {}, 9)
            return [endless, quantiles, gauge_histogram, untyped]

    registry = CollectorRegistry()
    registry.register(Custom())
    found = otlp.metrics_of(encoded(registry))
    assert set(found) == {"no_inf", "quantiles", "sizes_bucket", "sizes_gcount", "untyped"}
    [point] = found["no_inf"].histogram.data_points
    assert (point.count, list(point.bucket_counts), point.HasField("sum")) == (3, [2, 1], False)
    [point] = found["quantiles"].histogram.data_points
    assert (point.count, point.sum) == (4, 6.0)
    assert found["untyped"].gauge.data_points[0].as_double == 9


def test_exemplars(backend: SimpleNamespace) -> None:
    registry = CollectorRegistry()
    ids = {"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "span_id": "00f067aa0ba902b7"}
    backend.Counter("traced", "T.", registry=registry).inc(2, {**ids, "tenant": "a"})
    histogram = backend.Histogram("seconds", "S.", buckets=[1, 5], registry=registry)
    histogram.observe(3, {"trace_id": "short"})
    histogram.observe(9, ids)
    traced, seconds = encoded(registry).resource_metrics[0].scope_metrics[0].metrics
    [exemplar] = traced.sum.data_points[0].exemplars
    assert (exemplar.trace_id.hex(), exemplar.span_id.hex()) == tuple(ids.values())
    assert [(pair.key, pair.value.string_value) for pair in exemplar.filtered_attributes] == [("tenant", "a")]
    assert exemplar.as_double == 2
    assert exemplar.time_unix_nano > 1_600_000_000 * 10**9
    plain, linked = seconds.histogram.data_points[0].exemplars
    assert (plain.as_double, plain.trace_id, plain.filtered_attributes[0].value.string_value) == (3, b"", "short")
    assert (linked.as_double, linked.span_id.hex(), list(linked.filtered_attributes)) == (9, ids["span_id"], [])


def test_a_custom_collectors_created_time_is_the_start() -> None:
    class Custom:
        def collect(self) -> list[Metric]:
            return [CounterMetricFamily("jobs", "", value=3, created=1_650_000_000.5)]

    registry = CollectorRegistry()
    registry.register(Custom())
    [jobs] = encoded(registry).resource_metrics[0].scope_metrics[0].metrics
    assert jobs.name == "jobs_total"
    assert jobs.sum.data_points[0].start_time_unix_nano == 1_650_000_000_500_000_000


def test_own_labels_win_over_custom_labels(backend: SimpleNamespace, otlp: SimpleNamespace) -> None:
    registry = CollectorRegistry()
    backend.Gauge("owned", "O.", ["team"], registry=registry).labels("own").set(1)
    [point] = otlp.metrics_of(encoded(registry, team="default"))["owned"].gauge.data_points
    assert otlp.attributes_of(point) == {"team": "own"}


@given(st.lists(st.floats(min_value=-1e9, max_value=1e9), max_size=50))
def test_bucket_counts_add_up_to_the_count(backends: dict[str, SimpleNamespace], amounts: list[float]) -> None:
    for backend in backends.values():
        registry = CollectorRegistry()
        histogram = backend.Histogram("h", "H.", buckets=[0, 1, 10], registry=registry)
        for amount in amounts:
            histogram.observe(amount)
        request = encoded(registry)
        [point] = request.resource_metrics[0].scope_metrics[0].metrics[0].histogram.data_points
        assert sum(point.bucket_counts) == point.count == len(amounts)
        assert point.bucket_counts[0] == sum(amount <= 0 for amount in amounts)
        assert point.bucket_counts[-1] == sum(amount > 10 for amount in amounts)


def test_the_resource(monkeypatch: pytest.MonkeyPatch) -> None:
    assert process_resource().attributes["service.name"] == "unknown_service"
    monkeypatch.setenv("OTEL_SERVICE_NAME", "shop")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "k8s.pod.name=shop-1,service.name=other,service.instance.id=fixed")
    attributes = process_resource().attributes
    assert (attributes["service.name"], attributes["k8s.pod.name"]) == ("shop", "shop-1")
    assert attributes["service.instance.id"] == instance_id()
    assert attributes["telemetry.sdk.name"] == "opentelemetry"


def test_over_http(
    backend: SimpleNamespace, collector: Any, otlp: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "shop")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-team=a%20b")
    registry = CollectorRegistry()
    requests = backend.Counter("requests", "R.", ["status"], registry=registry)
    PushLoop(Settings(custom_labels=(("environment", "test"),), push_interval=3600), registry).close()
    requests.labels(200).inc(4)
    PushLoop(Settings(custom_labels=(("environment", "test"),), push_interval=3600), registry).close()
    last = collector.drain()[-1]
    assert collector.headers[-1]["path"] == "/v1/metrics"
    assert collector.headers[-1]["x-team"] == "a b"
    assert otlp.resource_of(last)["service.name"] == "shop"
    assert otlp.resource_of(last)["service.instance.id"] == instance_id()
    found = otlp.metrics_of(last)
    [point] = found["requests_total"].sum.data_points
    assert point.as_double == 4
    assert counting_since() <= point.start_time_unix_nano < point.time_unix_nano
    assert otlp.attributes_of(point) == {"environment": "test", "status": "200"}
    assert found["service_metrics_push_failures_total"].sum.data_points[0].as_double == 0


def test_over_grpc(backend: SimpleNamespace, otlp: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    received: Queue[ExportMetricsServiceRequest] = Queue()

    class Servicer(MetricsServiceServicer):
        def Export(self, request: ExportMetricsServiceRequest, _: Any) -> ExportMetricsServiceResponse:
            received.put(request)
            return ExportMetricsServiceResponse()

    server = grpc.server(ThreadPoolExecutor(1))
    add_MetricsServiceServicer_to_server(Servicer(), server)  # type: ignore[no-untyped-call]
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{port}")
        registry = CollectorRegistry()
        backend.Counter("requests", "R.", registry=registry).inc(4)
        PushLoop(Settings(otlp_protocol="grpc", push_interval=3600), registry).close()
        assert otlp.metrics_of(received.get(timeout=10))["requests_total"].sum.data_points[0].as_double == 4
    finally:
        server.stop(None)


def test_all_points_of_a_push_have_one_time(
    backend: SimpleNamespace, otlp: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many exports it takes: who queries the newest push must find every series there."""
    ticks = iter(range(NOW, NOW + 10**9))
    monkeypatch.setattr("time.time_ns", lambda: next(ticks))
    registry = CollectorRegistry()
    counter = backend.Counter("requests", "Requests.", ["number"], registry=registry)
    gauge = backend.Gauge("size", "Size.", ["number"], registry=registry)
    for number in range(600):
        counter.labels(number).inc()
        gauge.labels(number).set(number)
    exports = [
        encode_metrics(batch.data)
        for batch in batches(
            families(registry),
            resource=Resource({}),
            defaults={},
            since=SINCE,
            temporality=Temporality(ConsoleMetricExporter()),
        )
    ]
    assert len(exports) > 1
    points = [
        point
        for export in exports
        for metric in otlp.metrics_of(export).values()
        for point in (*metric.sum.data_points, *metric.gauge.data_points)
    ]
    assert len(points) == 1200
    assert len({point.time_unix_nano for point in points}) == 1
    assert all(point.start_time_unix_nano <= point.time_unix_nano for point in points)
