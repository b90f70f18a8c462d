"""The OpenMetrics page is prometheus_client's, byte for byte, whoever recorded; and pages of it merge into one."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from types import SimpleNamespace

import prometheus_client
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeHistogramMetricFamily, Metric, Timestamp
from prometheus_client.openmetrics.exposition import ALLOWUTF8, DOTS, UNDERSCORES, VALUES, generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.samples import BucketSpan, Exemplar, NativeHistogram

from service_metrics.exposition.constant_labels import ConstantLabels
from service_metrics.exposition.lines import SLICE_LINES
from service_metrics.exposition.openmetrics import OPENMETRICS

NOW = 1_700_000_000.25


def page(registry: CollectorRegistry, labels: ConstantLabels | None = None, escaping: str = UNDERSCORES) -> bytes:
    return b"".join(OPENMETRICS.render(registry.collect(), labels or ConstantLabels(), escaping))


def theirs(registry: CollectorRegistry, escaping: str) -> bytes:
    text: bytes = generate_latest(registry, escaping)  # type: ignore[no-untyped-call]
    return text


def parse(text: str) -> Iterable[Metric]:
    families: Iterable[Metric] = text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
    return families


@pytest.fixture(params=[False, True], ids=["", "created"])
def created(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[bool]:
    """Without and with `_created` series; all clocks stand still."""
    monkeypatch.setattr(time, "time", lambda: NOW)
    if request.param:
        prometheus_client.enable_created_metrics()  # type: ignore[no-untyped-call]
    yield request.param
    prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]


class Foreign:
    """A custom collector with all that our own types do not have."""

    def collect(self) -> Iterator[Metric]:
        yield GaugeHistogramMetricFamily("queue", "Q.", buckets=[("1", 2), ("+Inf", 3)], gsum_value=4)
        untyped = Metric("other", 'With "quotes".', "untyped")
        untyped.add_sample("other", {"a": "1"}, 1, Timestamp(12, 5))
        untyped.add_sample("other", {"a": "2"}, float("nan"), 1.5)
        yield untyped
        mixed = Metric("mixed", "Both kinds of histogram.", "histogram")
        spans = NativeHistogram(1, 2.0, 3, 0.0, 0, [BucketSpan(0, 1)], None, [1], None)
        mixed.add_sample("mixed", {}, 0, None, None, spans)
        mixed.add_sample("mixed_bucket", {"le": "+Inf"}, 1, None, Exemplar({"z": "1", "a": "2"}, 0.5))
        yield mixed


def fill(backend: SimpleNamespace) -> CollectorRegistry:
    registry = CollectorRegistry()
    counter = backend.Counter("requests", 'Of all\nkinds, "all" \\.', ["path", "method", "a.b"], registry=registry)
    counter.labels("/", "GET", "x").inc(3, exemplar={"trace": 'a"\\\n\x00', "span": "b"})
    counter.labels('/"\\\n%s{}', "PUT", "ü").inc(12_345_678)
    latency = backend.Histogram("latency", "L.", ["zone", "area"], unit="seconds", buckets=[0.1, 1], registry=registry)
    latency.labels("q", "r").observe(0.3, exemplar={"id": "1"})
    latency.labels("q%s", "\x00").observe(float("nan"))
    latency.labels("many", "").observe(1e300)
    backend.Histogram("below", "Without a sum.", buckets=[-1, 1], registry=registry).observe(-2)
    backend.Gauge("with.dots", "G.", registry=registry).set(float("-inf"))
    backend.Summary("size", "S.", ["none"], registry=registry)
    backend.Summary("length", "S.", unit="meters", registry=registry).observe(-1e6)
    backend.Info("build", "I.", registry=registry).info({"version": "1"})
    backend.Enum("state", "E.", ["of"], states=["on", 'of"f'], registry=registry).labels("x").state("on")
    registry.register(Foreign())
    return registry


@pytest.mark.parametrize("escaping", [ALLOWUTF8, UNDERSCORES, DOTS])
def test_it_is_prometheus_clients_byte_for_byte(
    backends: dict[str, SimpleNamespace], created: bool, escaping: str
) -> None:
    expected = theirs(fill(backends["prometheus"]), escaping)
    assert expected.count(b"_created{") == (5 if created else 0)
    for backend in backends.values():
        registry = fill(backend)
        assert page(registry, escaping=escaping) == expected
        assert theirs(registry, escaping) == expected  # a foreign encoder sees the same samples


def test_a_samples_name_is_escaped_as_its_familys(backend: SimpleNamespace) -> None:
    registry = CollectorRegistry()
    backend.Counter("job:requests", "R.", registry=registry).inc()
    backend.Gauge("a.b", "G.", registry=registry).set(1)
    assert page(registry, escaping=VALUES).decode().splitlines()[1:6:2] == [
        "# TYPE job:requests counter",
        "# HELP U__a_2e_b G.",
        "U__a_2e_b 1.0",
    ]
    assert b"\njob:requests_total 1.0\n" in page(registry)
    assert b"\njob_requests_total 1.0\n" in theirs(registry, UNDERSCORES)  # the reason: no such family is declared


def test_constant_labels(backend: SimpleNamespace) -> None:
    registry = CollectorRegistry()
    backend.Counter("c", "C.", ["team", "id"], registry=registry).labels("own", "own").inc(exemplar={"t": "1"})
    backend.Histogram("h", "H.", buckets=[1], registry=registry).observe(0.5)
    found = page(registry, ConstantLabels({"team": 'the "default"'}, {"id": "me"})).decode()
    assert 'c_total{id="me",team="own"} 1.0 # {t="1"} 1.0 ' in found
    assert 'h_bucket{id="me",le="1.0",team="the \\"default\\""} 1.0\n' in found


def test_slices_are_small(backend: SimpleNamespace) -> None:
    registry = CollectorRegistry()
    histogram = backend.Histogram("h", "H.", ["label"], buckets=range(10), registry=registry)
    for number in range(1000):
        histogram.labels(number).observe(number)
    slices = list(OPENMETRICS.render(registry.collect(), ConstantLabels(), UNDERSCORES))
    assert b"".join(slices) == theirs(registry, UNDERSCORES)
    assert max(piece.count(b"\n") for piece in slices) <= SLICE_LINES


def test_merged_pages_have_each_family_once_and_all_series(backend: SimpleNamespace) -> None:
    def worker(identity: str, *, more: bool) -> bytes:
        registry = CollectorRegistry()
        requests = backend.Counter("requests", "Requests\nof all kinds.", ["path"], registry=registry)
        requests.labels("\n# HELP x\n# EOF\n").inc(2)
        if more:
            backend.Gauge('only "here" is', "O.", unit="seconds", registry=registry).set(4)
        backend.Summary("empty", "", ["label"], registry=registry)
        return page(registry, ConstantLabels({}, {"id": identity}), ALLOWUTF8)

    pages = [worker("one", more=False), worker("two", more=True), worker("three", more=False)]
    merged = b"".join(OPENMETRICS.merge(pages)).decode()
    assert merged.count("\n# EOF") == 1
    assert merged.endswith("\n# EOF\n")
    families = {family.name: family for family in parse(merged)}
    assert list(families) == ["requests", "empty", 'only "here" is_seconds']
    assert [sample.labels["id"] for sample in families["requests"].samples] == ["one", "two", "three"]
    assert families['only "here" is_seconds'].unit == "seconds"
    assert b"".join(OPENMETRICS.merge(pages[1:2])) == pages[1]


@pytest.mark.parametrize("pages", [[], [b"# EOF\n"], [b"# EOF\n", b"# EOF\n"]])
def test_nothing_merges_to_nothing(pages: list[bytes]) -> None:
    assert b"".join(OPENMETRICS.merge(pages)) == b"# EOF\n"
