"""The protobuf page, read by google.protobuf with the messages of prometheus/client_model."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import prometheus_client
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, proto, timestamp_pb2
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeHistogramMetricFamily, Metric, Timestamp
from prometheus_client.openmetrics.exposition import ALLOWUTF8, UNDERSCORES
from prometheus_client.samples import Exemplar, Sample

from service_metrics.exposition.constant_labels import ConstantLabels
from service_metrics.exposition.protobuf import PROTOBUF
from service_metrics.exposition.wire import read_varint, varint

MESSAGES = {  # io/prometheus/client/metrics.proto; a star repeats, capitals are other messages
    "LabelPair": "1 string name, 2 string value",
    "Gauge": "1 double value",
    "Counter": "1 double value, 2 Exemplar exemplar, 3 Timestamp created_timestamp",
    "Quantile": "1 double quantile, 2 double value",
    "Summary": "1 uint64 sample_count, 2 double sample_sum, 3 Quantile* quantile, 4 Timestamp created_timestamp",
    "Untyped": "1 double value",
    "Histogram": "1 uint64 sample_count, 4 double sample_count_float, 2 double sample_sum, 3 Bucket* bucket,"
    "15 Timestamp created_timestamp",
    "Bucket": "1 uint64 cumulative_count, 4 double cumulative_count_float, 2 double upper_bound, 3 Exemplar exemplar",
    "Exemplar": "1 LabelPair* label, 2 double value, 3 Timestamp timestamp",
    "Metric": "1 LabelPair* label, 2 Gauge gauge, 3 Counter counter, 4 Summary summary, 5 Untyped untyped,"
    "7 Histogram histogram, 6 int64 timestamp_ms",
    "MetricFamily": "1 string name, 2 string help, 3 MetricType type, 4 Metric* metric, 5 string unit",
}
TYPES = ("COUNTER", "GAUGE", "SUMMARY", "UNTYPED", "HISTOGRAM", "GAUGE_HISTOGRAM")
NOW = 1_700_000_000.25


def metric_family() -> Any:
    """The class of MetricFamily messages."""
    package = "io.prometheus.client"
    described = descriptor_pb2.FileDescriptorProto(name="metrics.proto", package=package, syntax="proto2")
    described.dependency.append(timestamp_pb2.DESCRIPTOR.name)
    types = described.enum_type.add(name="MetricType")
    for value, name in enumerate(TYPES):
        types.value.add(name=name, number=value)
    for message, fields in MESSAGES.items():
        added = described.message_type.add(name=message)
        for field in fields.split(","):
            number, type_, name = field.split()
            one = added.field.add(
                name=name, number=int(number), label="LABEL_REPEATED" if "*" in type_ else "LABEL_OPTIONAL"
            )
            type_ = type_.strip("*")
            if type_ == "MetricType":
                one.type, one.type_name = one.TYPE_ENUM, f".{package}.{type_}"
            elif type_[0].isupper():
                one.type = one.TYPE_MESSAGE
                one.type_name = ".google.protobuf.Timestamp" if type_ == "Timestamp" else f".{package}.{type_}"
            else:
                one.type = getattr(one, f"TYPE_{type_.upper()}")
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(timestamp_pb2.DESCRIPTOR.serialized_pb)
    pool.AddSerializedFile(described.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.MetricFamily"))


MetricFamily = metric_family()


def decode(page: bytes) -> dict[str, Any]:
    """The families of a page by name; what no field takes fails."""
    families: dict[str, Any] = {}
    stream = BytesIO(page)
    while (family := proto.parse_length_prefixed(MetricFamily, stream)) is not None:
        size = family.ByteSize()
        family.DiscardUnknownFields()
        assert family.ByteSize() == size, "the page has unknown fields"
        assert families.setdefault(family.name, family) is family, "a family is on the page twice"
    return families


def render(registry: CollectorRegistry, labels: ConstantLabels | None = None, escaping: str = ALLOWUTF8) -> bytes:
    return b"".join(PROTOBUF.render(registry.collect(), labels or ConstantLabels(), escaping))


def labels_of(message: Any) -> dict[str, str]:
    found = {pair.name: pair.value for pair in message.label}
    assert len(found) == len(message.label)
    return found


def same(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))


texts = st.text(alphabet=st.characters(exclude_categories=["Cs"]))
names = texts.filter(bool)


@given(
    name=names,
    label=names.filter(lambda name: not name.startswith("__")),
    help_text=texts,
    recorded=st.dictionaries(texts, st.floats(), max_size=5),
    custom=texts,
)
def test_names_label_values_help_and_floats_survive(
    backends: dict[str, SimpleNamespace],
    name: str,
    label: str,
    help_text: str,
    recorded: dict[str, float],
    custom: str,
) -> None:
    labels = ConstantLabels({"custom": custom}, {"id": "me"})
    for backend in backends.values():
        registry = CollectorRegistry()
        gauge = backend.Gauge(name, help_text, [label], registry=registry)
        for value, number in recorded.items():
            gauge.labels(value).set(number)
        found = decode(render(registry, labels))
        assert list(found) == ([name] if recorded else [])
        for family in found.values():
            assert (family.help, TYPES[family.type], len(family.metric)) == (help_text, "GAUGE", len(recorded))
            for metric in family.metric:
                value = labels_of(metric)[label]
                assert labels_of(metric) == labels.on({label: value})
                assert same(metric.gauge.value, recorded[value])


@pytest.fixture(params=[False, True], ids=["", "created"])
def created(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[bool]:
    """Without and with `_created` series; all clocks stand still."""
    monkeypatch.setattr(time, "time", lambda: NOW)
    if request.param:
        prometheus_client.enable_created_metrics()  # type: ignore[no-untyped-call]
    yield request.param
    prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]


def test_every_type_of_ours(backend: SimpleNamespace, created: bool) -> None:
    registry = CollectorRegistry()
    counter = backend.Counter("requests", "R.", ["path"], registry=registry)
    counter.labels("/").inc(3, exemplar={"trace": "a"})
    histogram = backend.Histogram("latency", "L.", unit="seconds", buckets=[0.1, 1], registry=registry)
    for seconds, exemplar in ((0.3, {"id": "1"}), (0.05, None), (7, None)):
        histogram.observe(seconds, exemplar)
    backend.Summary("size", "S.", registry=registry).observe(300)
    backend.Info("build", "B.", registry=registry).info({"version": "1"})
    backend.Enum("state", "S.", states=["on", "off"], registry=registry).state("off")
    found = decode(render(registry))
    assert {name: TYPES[family.type] for name, family in found.items()} == {
        "requests_total": "COUNTER",
        "latency_seconds": "HISTOGRAM",
        "size": "SUMMARY",
        "build_info": "GAUGE",
        "state": "GAUGE",
    }
    assert {family.unit for family in found.values()} == {"", "seconds"}
    moment = timestamp_pb2.Timestamp(seconds=1_700_000_000, nanos=250_000_000).SerializeToString()
    began = moment if created else b""

    [metric] = found["requests_total"].metric
    assert (labels_of(metric), metric.counter.value) == ({"path": "/"}, 3)
    exemplar = metric.counter.exemplar
    assert (labels_of(exemplar), exemplar.value) == ({"trace": "a"}, 3)
    assert exemplar.timestamp.SerializeToString() == moment
    assert metric.counter.created_timestamp.SerializeToString() == began

    latency = found["latency_seconds"].metric[0].histogram
    assert (latency.sample_count, latency.sample_sum) == (3, 7.35)
    assert [(one.upper_bound, one.cumulative_count) for one in latency.bucket] == [(0.1, 1), (1, 2), (math.inf, 3)]
    assert [labels_of(one.exemplar) for one in latency.bucket] == [{}, {"id": "1"}, {}]
    assert latency.created_timestamp.SerializeToString() == began

    size = found["size"].metric[0].summary
    assert (size.sample_count, size.sample_sum) == (1, 300)
    assert size.created_timestamp.SerializeToString() == began
    assert [labels_of(metric) for metric in found["build_info"].metric] == [{"version": "1"}]
    assert [(labels_of(m), m.gauge.value) for m in found["state"].metric] == [
        ({"state": "on"}, 0),
        ({"state": "off"}, 1),
    ]


def test_both_backends_write_the_same(backends: dict[str, SimpleNamespace], created: bool) -> None:
    pages = set()
    for backend in backends.values():
        registry = CollectorRegistry()
        latency = backend.Histogram("latency", "L.", ["a"], registry=registry)
        requests = backend.Counter("requests", "R.", ["a", "b"], registry=registry)
        for number in range(200):
            latency.labels(number).observe(number, {"id": str(number)})
            requests.labels(number, "x").inc(number)
        pages.add(render(registry, ConstantLabels({"a": "default", "c": "1"}, {"id": "me"})))
    assert len(pages) == 1


class Foreign:
    """A custom collector."""

    def __init__(self, *families: Metric) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        yield from self._families


def family_of(name: str, type_: str, *samples: Sample) -> Metric:
    family = Metric(name, "F.", type_)
    family.samples = list(samples)
    return family


def test_what_custom_collectors_have_besides() -> None:
    registry = CollectorRegistry()
    summary = family_of(
        "rpc",
        "summary",
        Sample("rpc", {"of": "a", "quantile": "0.5"}, 4),
        Sample("rpc", {"of": "a", "quantile": "0.9"}, 5),
        Sample("rpc_count", {"of": "a"}, 7),
        Sample("rpc_created", {"of": "a"}, 1.5),
    )
    untyped = family_of("other", "untyped", Sample("other", {}, 1, Timestamp(12, 5_000_000)), Sample("odd", {}, 2, 3))
    broken = family_of(
        "weighted",
        "histogram",
        Sample("weighted_bucket", {"le": "1"}, 0.5, None, Exemplar({"t": "1"}, 0.25)),
        Sample("weighted_bucket", {"le": "+Inf"}, 1.5),
        Sample("weighted_count", {}, 1.5),
    )
    queue = GaugeHistogramMetricFamily("queue", "Q.", buckets=[("1", 2), ("+Inf", 3)], gsum_value=-4)
    registry.register(Foreign(summary, untyped, broken, queue, family_of("empty", "gauge")))
    found = decode(render(registry))
    assert {name: TYPES[family.type] for name, family in found.items()} == {
        "rpc": "SUMMARY",
        "other": "UNTYPED",
        "odd": "UNTYPED",
        "weighted": "HISTOGRAM",
        "queue": "GAUGE_HISTOGRAM",
    }
    [rpc] = found["rpc"].metric
    assert labels_of(rpc) == {"of": "a"}
    assert [(one.quantile, one.value) for one in rpc.summary.quantile] == [(0.5, 4), (0.9, 5)]
    assert (rpc.summary.sample_count, rpc.summary.HasField("sample_sum")) == (7, False)
    assert rpc.summary.created_timestamp.ToNanoseconds() == 1_500_000_000
    assert (found["other"].metric[0].untyped.value, found["other"].metric[0].timestamp_ms) == (1, 12_005)
    assert (found["odd"].metric[0].untyped.value, found["odd"].metric[0].timestamp_ms) == (2, 3_000)
    weighted = found["weighted"].metric[0].histogram
    assert (weighted.sample_count_float, weighted.HasField("sample_count")) == (1.5, False)
    assert [one.cumulative_count_float for one in weighted.bucket] == [0.5, 1.5]
    assert not weighted.bucket[0].exemplar.HasField("timestamp")
    gauges = found["queue"].metric[0].histogram
    assert (gauges.sample_count, gauges.sample_sum, len(gauges.bucket)) == (3, -4, 2)


def test_names_are_escaped_where_the_scraper_asks_for_it(backend: SimpleNamespace) -> None:
    registry = CollectorRegistry()
    backend.Counter("my.requests", "R.", ["my.path"], registry=registry).labels("/a.b").inc()
    found = decode(render(registry, escaping=UNDERSCORES))
    assert labels_of(found["my_requests_total"].metric[0]) == {"my_path": "/a.b"}


def test_merged_pages_have_each_family_once_and_all_series(backend: SimpleNamespace) -> None:
    def worker(identity: str, *, more: bool) -> bytes:
        registry = CollectorRegistry()
        requests = backend.Counter("requests", f"Told by {identity}.", ["path"], unit="bytes", registry=registry)
        for number in range(200):
            requests.labels(number).inc()
        if more:
            backend.Gauge("only_here", "O.", registry=registry).set(4)
        return render(registry, ConstantLabels({}, {"id": identity}))

    pages = [worker("one", more=False), worker("two", more=True), worker("three", more=False)]
    found = decode(b"".join(PROTOBUF.merge(pages)))
    assert list(found) == ["requests_bytes_total", "only_here"]
    requests = found["requests_bytes_total"]
    assert (requests.help, requests.unit) == ("Told by one.", "bytes")
    assert [labels_of(metric)["id"] for metric in requests.metric] == ["one"] * 200 + ["two"] * 200 + ["three"] * 200
    assert b"".join(PROTOBUF.merge(pages[:1])) == pages[0]
    assert b"".join(PROTOBUF.merge([])) == b""


@given(st.integers(min_value=0, max_value=2**64 - 1))
def test_a_varint_comes_back(number: int) -> None:
    encoded = varint(number)
    assert read_varint(encoded, 0) == (number, len(encoded))
    assert len(encoded) == max(1, -(-number.bit_length() // 7))


def test_a_negative_varint_has_ten_bytes() -> None:
    assert varint(-1) == b"\xff" * 9 + b"\x01"
