"""Any exporter of the SDK takes what a push makes, in batches of points that are made while it iterates over them."""

from __future__ import annotations

import json
from collections.abc import Callable
from queue import Queue
from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics.export import ConsoleMetricExporter, MetricExporter, MetricExportResult, MetricsData
from prometheus_client import CollectorRegistry

from service_metrics import publish
from service_metrics.otlp.data_model import BATCH
from service_metrics.otlp.exporter import make_exporter
from service_metrics.otlp.push import PushLoop
from service_metrics.settings import Settings, SettingsError


class Keeping(MetricExporter):
    """Keeps what it is given, as an exporter for tests does."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: Queue[MetricsData] = Queue()

    def export(self, metrics_data: MetricsData, *_: Any, **__: Any) -> MetricExportResult:
        self.kept.put(metrics_data)
        return MetricExportResult.SUCCESS

    def force_flush(self, *_: Any) -> bool:
        return True

    def shutdown(self, *_: Any, **__: Any) -> None:
        pass


def points_of(data: MetricsData, name: str) -> Any:
    [metric] = [metric for metric in data.resource_metrics[0].scope_metrics[0].metrics if metric.name == name]
    return metric.data.data_points


def test_points_are_made_when_they_are_read_and_stay_what_they_were(backend: SimpleNamespace) -> None:
    registry = CollectorRegistry()
    counter = backend.Counter("done", "D.", ["kind"], registry=registry)
    for kind in range(3):
        counter.labels(kind).inc(kind)
    exporter = Keeping()
    loop = PushLoop(Settings(push_interval=3600), registry, exporter)
    found = points_of(exporter.kept.get(timeout=10), "done_total")
    counter.labels(1).inc(100)
    assert [point.value for point in found] == [0, 1, 2] == [point.value for point in found]
    assert (len(found), found[-1].value, [point.value for point in found[1:]]) == (3, 2, [1, 2])
    assert found[0] is not found[0]
    loop.close()


def test_a_large_registry_is_pushed_in_batches_with_pauses(
    backend: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = CollectorRegistry()
    counter = backend.Counter("done", "D.", ["kind"], registry=registry)
    for kind in range(2 * BATCH + 7):
        counter.labels(kind).inc(kind)
    exporter = Keeping()
    loop = PushLoop(Settings(push_interval=3600), registry, exporter)
    batches = [exporter.kept.get(timeout=10) for _ in range(3)]
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    values = [point.value for batch in batches for point in points_of(batch, "done_total")]
    loop.close()
    assert values == list(range(2 * BATCH + 7))
    assert len(batches[0].resource_metrics[0].scope_metrics[0].metrics) == 1
    assert len(pauses) >= 2 * BATCH / 50
    assert min(pauses) > 0  # sleep(0) would not let the event loop's thread run


def test_the_sdks_own_splitting(backend: SimpleNamespace, collector: Any, otlp: SimpleNamespace) -> None:
    registry = CollectorRegistry()
    counter = backend.Counter("done", "D.", ["kind"], registry=registry)
    for kind in range(5):
        counter.labels(kind).inc()
    exporter = OTLPMetricExporter(max_export_batch_size=2)
    PushLoop(Settings(push_interval=3600), registry, exporter).close()
    sums = [otlp.metrics_of(request).get("done_total") for request in collector.drain()[-3:]]
    assert sum(len(found.sum.data_points) for found in sums if found) == 5


def test_the_console(python: Callable[..., str]) -> None:
    script = """
        import service_metrics
        service_metrics.Counter("done", "D.", ["kind"]).labels("a").inc(2, {"trace_id": "abc"})
        service_metrics.Histogram("took", "T.", buckets=[1]).observe(0.5)
        with service_metrics.publish() as publication:
            assert publication.delivery == "push"
    """
    printed = python(script, PROMETHEUS_BACKEND="otel", OTEL_METRICS_EXPORTER="console", METRICS_PUSH_INTERVAL="3600")
    first, _ = json.JSONDecoder().raw_decode(printed)
    metrics = {metric["name"]: metric["data"] for metric in first["resource_metrics"][0]["scope_metrics"][0]["metrics"]}
    assert metrics["done_total"]["data_points"][0]["value"] == 2
    assert metrics["took"]["data_points"][0]["bucket_counts"] == [1, 0]


def test_names_of_exporters() -> None:
    assert isinstance(make_exporter(Settings(exporter="otlp")), OTLPMetricExporter)
    assert isinstance(make_exporter(Settings(exporter="otlp_proto_http")), OTLPMetricExporter)
    assert isinstance(make_exporter(Settings(exporter="console")), ConsoleMetricExporter)
    with pytest.raises(SettingsError, match=r"^OTEL_METRICS_EXPORTER is 'statsd', an exporter that no installed"):
        make_exporter(Settings(exporter="statsd"))


@pytest.mark.parametrize("given", ["an exporter", "what makes one"])
def test_publish_takes_any_exporter(given: str) -> None:
    exporter = Keeping()
    with publish(exporter if given == "an exporter" else lambda: exporter) as publication:  # on any backend
        assert publication.delivery == "push"
        assert points_of(exporter.kept.get(timeout=10), "python_info")[0].value == 1


FORKED = """
    import os, sys
    import service_metrics
    from opentelemetry.sdk.metrics.export import ConsoleMetricExporter

    def made():
        return ConsoleMetricExporter(out=open(f"exports-{os.getpid()}", "w"))

    publication = service_metrics.publish(made if sys.argv[1] == "factory" else made())
    pid = os.fork()
    if pid == 0:
        publication.close()
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    publication.close()
    own, child = (f"exports-{number}" for number in (os.getpid(), pid))
    print(os.path.getsize(own) > 0, os.path.exists(child) and os.path.getsize(child) > 0)
"""


@pytest.mark.parametrize(("given", "expected"), [("factory", "True True"), ("ready-made", "True False")])
def test_a_forked_child_needs_an_exporter_of_its_own(given: str, expected: str, python: Callable[..., str]) -> None:
    assert python(FORKED, given, PROMETHEUS_BACKEND="otel", METRICS_PUSH_INTERVAL="3600").strip() == expected
