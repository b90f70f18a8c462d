"""The receiver takes what the OpenTelemetry SDK sends, shows it as the text format would, and refuses rubbish."""

from __future__ import annotations

import gzip
import http.client
from collections.abc import Callable, Iterator
from http import HTTPStatus
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.metrics import Meter
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric, ResourceMetrics
from opentelemetry.sdk.metrics import Counter, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExplicitBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource

from promotion_gate.evidence import INSTANCE_LABEL, MetricsPage, Sample
from promotion_gate.targets.embedded.otlp_receiver import OtlpReceiver

Push = Callable[..., MeterProvider]


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    listening = OtlpReceiver()
    listening.start()
    yield listening
    listening.stop()


@pytest.fixture
def provider(receiver: OtlpReceiver) -> Iterator[Callable[..., MeterProvider]]:
    """A worker's meter provider, which pushes to the receiver when it is flushed."""
    made: list[MeterProvider] = []

    def make(
        instance: str = "demo-0-pid-7",
        pod: str = "demo-0",
        compression: Compression = Compression.NoCompression,
        delta: bool = False,
    ) -> MeterProvider:
        exporter = OTLPMetricExporter(
            f"{receiver.endpoint}/v1/metrics",
            compression=compression,
            preferred_temporality={Counter: AggregationTemporality.DELTA} if delta else None,
        )
        resource = Resource({"service.instance.id": instance, "k8s.pod.name": pod, "replicas": 2})
        buckets = View(instrument_name="spent", aggregation=ExplicitBucketHistogramAggregation((0.1, 1.0)))
        reader = PeriodicExportingMetricReader(exporter, export_interval_millis=float("inf"))
        made.append(MeterProvider([reader], resource, views=[buckets], shutdown_on_exit=False))
        return made[-1]

    yield make
    for one in made:
        one.shutdown()


def record(meter: Meter) -> None:
    meter.create_counter("done_total").add(3, {"status": "200", "retry": True})
    meter.create_up_down_counter("level").add(-2)
    meter.create_gauge("heat").set(1.5)
    histogram = meter.create_histogram("spent")
    for seconds in (0.05, 0.1, 0.5, 7):
        histogram.record(seconds, {"queue": "a"})


def only(receiver: OtlpReceiver) -> MetricsPage:
    (page,) = receiver.pages()
    return page


@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip, Compression.Deflate])
def test_a_push_of_the_sdk(compression: Compression, receiver: OtlpReceiver, provider: Push) -> None:
    pushing = provider(compression=compression)
    record(pushing.get_meter("test"))
    pushing.force_flush()
    page = only(receiver)
    assert (page.pod, page.how, page.status, page.fault) == ("demo-0", "push", 200, "")
    assert page.source == "OTLP from demo-0-pid-7"
    assert page.taken_at.tzinfo is not None
    families = {family.name: family for family in page.families}
    me = {INSTANCE_LABEL: "demo-0-pid-7"}
    assert families["done_total"].type == "counter"
    assert families["done_total"].samples == (Sample("done_total", {"status": "200", "retry": "True", **me}, 3),)
    assert (families["level"].type, families["heat"].type) == ("gauge", "gauge")
    assert (families["level"].samples[0].value, families["heat"].samples[0].value) == (-2, 1.5)
    assert families["spent"].type == "histogram"
    mine = {"queue": "a", **me}
    assert families["spent"].samples == (
        Sample("spent_bucket", {**mine, "le": "0.1"}, 2),
        Sample("spent_bucket", {**mine, "le": "1.0"}, 3),
        Sample("spent_bucket", {**mine, "le": "+Inf"}, 4),
        Sample("spent_count", mine, 4),
        Sample("spent_sum", mine, 7.65),
    )


def test_each_worker_keeps_its_last_push(receiver: OtlpReceiver, provider: Push) -> None:
    workers = [provider("pid-1", "demo-0"), provider("pid-2", "demo-0"), provider("pid-1", "demo-1")]
    for times in (1, 2):
        for worker in workers:
            worker.get_meter("test").create_counter("done_total").add(times)
            worker.force_flush()
    pages = receiver.pages()
    assert sorted((page.pod, page.source) for page in pages) == [
        ("demo-0", "OTLP from pid-1"),
        ("demo-0", "OTLP from pid-2"),
        ("demo-1", "OTLP from pid-1"),
    ]
    assert {sample.value for page in pages for family in page.families for sample in family.samples} == {3}


def test_without_an_identity_no_series_has_one(receiver: OtlpReceiver, provider: Push) -> None:
    pushing = provider(instance="")
    pushing.get_meter("test").create_counter("done_total").add(1)
    pushing.force_flush()
    assert "without service.instance.id" in only(receiver).source
    assert only(receiver).families[0].samples[0].labels == {}


def test_a_delta_is_no_counter(receiver: OtlpReceiver, provider: Push) -> None:
    pushing = provider(delta=True)
    pushing.get_meter("test").create_counter("done_total").add(1)
    pushing.force_flush()
    assert [family.type for family in only(receiver).families] == ["delta counter"]


def _request(**metric: object) -> bytes:
    request = ExportMetricsServiceRequest()
    request.resource_metrics.append(ResourceMetrics())
    request.resource_metrics[0].scope_metrics.add().metrics.append(Metric(name="x", **metric))  # type: ignore[arg-type]
    return request.SerializeToString()


@pytest.mark.parametrize(
    ("metric", "kind"),
    [
        ({}, "unknown"),
        ({"gauge": {}}, "gauge"),
        ({"summary": {"data_points": [{"count": 1}]}}, "summary"),
        ({"exponential_histogram": {"data_points": [{"count": 1}]}}, "exponential_histogram"),
    ],
)
def test_what_the_library_never_sends_has_no_samples(metric: dict[str, object], kind: str) -> None:
    receiver = OtlpReceiver()
    try:
        assert receiver.take("/v1/metrics", "", _request(**metric)) == HTTPStatus.OK
        (family,) = only(receiver).families
        assert (family.type, family.samples) == (kind, ())
    finally:
        receiver.stop()


GOOD = _request(gauge={"data_points": [{"as_double": 1}]})


ZIPPED = gzip.compress(GOOD, mtime=0)


@pytest.mark.parametrize(
    ("path", "headers", "body", "status"),
    [
        ("/v1/metrics", {}, GOOD, 200),
        ("/v1/metrics", {"Content-Encoding": "gzip"}, ZIPPED, 200),
        ("/v1/traces", {}, GOOD, 404),
        ("/", {}, GOOD, 404),
        ("/v1/metrics", {}, b"rubbish", 400),
        ("/v1/metrics", {}, GOOD[:-1], 400),
        ("/v1/metrics", {}, ZIPPED, 400),
        ("/v1/metrics", {"Content-Encoding": "gzip"}, GOOD, 400),
        ("/v1/metrics", {"Content-Encoding": "gzip"}, ZIPPED[:-9], 400),
        ("/v1/metrics", {"Content-Encoding": "gzip"}, ZIPPED[:10] + b"\xff" * 20, 400),
        ("/v1/metrics", {"Content-Encoding": "br"}, b"rubbish", 400),
        ("/v1/metrics", {"Content-Length": "many"}, b"", 411),
        ("/v1/metrics", {"Content-Length": "-1"}, b"", 411),
    ],
    ids=str,
)
def test_what_it_answers(
    path: str,
    headers: dict[str, str],
    body: bytes,
    status: int,
    receiver: OtlpReceiver,
    capfd: pytest.CaptureFixture[str],
) -> None:
    url = urlsplit(receiver.endpoint)
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=10)
    connection.request("POST", path, body, {"Content-Length": str(len(body)), **headers})
    assert connection.getresponse().status == status
    connection.close()
    assert len(receiver.pages()) == (status == HTTPStatus.OK)
    assert capfd.readouterr() == ("", "")


@given(body=st.binary(max_size=50), encoding=st.sampled_from(["", "gzip", "deflate"]))
def test_any_body_is_taken_or_refused(body: bytes, encoding: str) -> None:
    receiver = OtlpReceiver()
    try:
        assert receiver.take("/v1/metrics", encoding, body) in {HTTPStatus.OK, HTTPStatus.BAD_REQUEST}
    finally:
        receiver.stop()


def test_it_stops_before_it_starts_and_twice() -> None:
    receiver = OtlpReceiver()
    receiver.stop()
    receiver.stop()
