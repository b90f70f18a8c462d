"""The push loop: its rhythm, its failures, its end, and forks."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry.sdk.metrics.export import MetricExporter, MetricExportResult, MetricsData
from prometheus_client import CollectorRegistry, Gauge

from service_metrics.otlp import push
from service_metrics.otlp.push import PushLoop
from service_metrics.settings import Settings

FAILURES = "service_metrics_push_failures_total"
FAST = Settings(push_interval=0.001, otlp_endpoint="http://collector:4318")


class FakeExporter(MetricExporter):
    """Records what it is given; answers with scripted results, then with success."""

    def __init__(self, *results: MetricExportResult | Exception) -> None:
        super().__init__()
        self.results = list(results)
        self.exported: list[MetricsData] = []
        self.shut_down = Event()
        self.recovered = Event()

    def export(self, metrics_data: MetricsData, *_: Any, **__: Any) -> MetricExportResult:
        self.exported.append(metrics_data)
        if not self.results:
            self.recovered.set()
            return MetricExportResult.SUCCESS
        result = self.results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result

    def force_flush(self, *_: Any) -> bool:
        return True

    def shutdown(self, *_: Any, **__: Any) -> None:
        self.shut_down.set()


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def names(data: MetricsData) -> list[str]:
    return [metric.name for metric in data.resource_metrics[0].scope_metrics[0].metrics]


def value(data: MetricsData, name: str) -> float:
    [found] = [m for m in data.resource_metrics[0].scope_metrics[0].metrics if m.name == name]
    return float(found.data.data_points[0].value)  # type: ignore[union-attr]  # only sums and gauges are asked for


def test_it_pushes_at_once_every_interval_and_at_the_end(registry: CollectorRegistry) -> None:
    gauge = Gauge("size", "S.", registry=registry)
    exporter = FakeExporter(*[MetricExportResult.SUCCESS] * 3)
    loop = PushLoop(FAST, registry, lambda: exporter)
    assert exporter.recovered.wait(10)  # three intervals have passed
    gauge.set(8)
    loop.close()
    assert value(exporter.exported[0], "size") in (0, 8)
    assert value(exporter.exported[-1], "size") == 8
    assert exporter.shut_down.is_set()
    loop.close()  # once is enough


def test_a_long_interval_does_not_delay_the_end(registry: CollectorRegistry) -> None:
    exporter = FakeExporter()
    loop = PushLoop(Settings(push_interval=3600), registry, lambda: exporter)
    assert exporter.recovered.wait(10)
    loop.close()
    assert len(exporter.exported) == 2


def test_failures_are_counted_and_logged_once(registry: CollectorRegistry, caplog: pytest.LogCaptureFixture) -> None:
    exporter = FakeExporter(MetricExportResult.FAILURE, OSError("no route"), MetricExportResult.FAILURE)
    with caplog.at_level(logging.INFO, "service_metrics"):
        loop = PushLoop(FAST, registry, lambda: exporter)
        assert exporter.recovered.wait(10)
        loop.close()
    assert [value(data, FAILURES) for data in exporter.exported[:4]] == [0, 1, 2, 3]
    assert [record.getMessage() for record in caplog.records if record.name == "service_metrics"] == [
        "Pushing metrics to http://collector:4318 fails (no reason given); trying again every 0.001 s.",
        "Pushing metrics to http://collector:4318 works again after 3 failures.",
    ]


def test_a_collector_that_raises_is_a_failure(registry: CollectorRegistry, caplog: pytest.LogCaptureFixture) -> None:
    failed = Event()

    class Broken:
        def collect(self) -> list[Any]:
            failed.set()
            raise RuntimeError("broken collector")

    registry.register(Broken())
    exporter = FakeExporter()
    loop = PushLoop(FAST, registry, lambda: exporter)
    assert failed.wait(10)
    loop.close()
    assert exporter.exported == []
    assert "RuntimeError: broken collector" in caplog.text


def test_a_hanging_collector_does_not_hold_the_process(
    registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push, "_LAST_PUSH_SECONDS", 0.01)

    class Hanging(FakeExporter):
        def export(self, *_: Any, **__: Any) -> MetricExportResult:
            self.recovered.set()
            self.shut_down.wait()  # as the real one: shutdown() ends its waiting between attempts
            return MetricExportResult.FAILURE

    exporter = Hanging()
    loop = PushLoop(FAST, registry, lambda: exporter)
    assert exporter.recovered.wait(10)
    loop.close()
    assert exporter.shut_down.is_set()
    assert not loop._thread.is_alive()


def test_closing_frees_the_registry(registry: CollectorRegistry) -> None:
    for _ in range(2):
        loop = PushLoop(FAST, registry, FakeExporter)
        assert registry.get_sample_value(FAILURES) == 0
        loop.close()
    assert list(registry.collect()) == []


def test_a_real_failure_and_recovery(
    collector: Any, registry: CollectorRegistry, otlp: SimpleNamespace, caplog: pytest.LogCaptureFixture
) -> None:
    collector.statuses = [400, 400]
    with caplog.at_level(logging.INFO):
        loop = PushLoop(Settings(push_interval=0.001, otlp_endpoint=collector.endpoint), registry)
        received = [collector.requests.get(timeout=10) for _ in range(4)]
        loop.close()
    failures = [otlp.metrics_of(request)[FAILURES].sum.data_points[0].as_double for request in received]
    assert failures == [0, 1, 2, 2]
    ours = [record.getMessage() for record in caplog.records if record.name == "service_metrics"]
    assert len(ours) == 2
    assert "reason: Bad Request" in ours[0]
    assert "works again after 2 failures" in ours[1]
    assert not [record for record in caplog.records if record.name.startswith("opentelemetry")]


def test_an_unreachable_collector_does_not_hold_the_process(
    collector: Any, registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    collector.close()
    monkeypatch.setattr(push, "_LAST_PUSH_SECONDS", 0.01)
    loop = PushLoop(Settings(push_interval=3600, otlp_endpoint=collector.endpoint), registry)
    loop.close()
    assert not loop._thread.is_alive()


def test_the_global_meter_provider_is_left_alone(python: Callable[..., str], collector: Any) -> None:
    script = """
        from opentelemetry import metrics
        import service_metrics
        service_metrics.publish().close()
        print(type(metrics.get_meter_provider()).__name__)
    """
    assert python(script, PROMETHEUS_BACKEND="otel").strip() == "_ProxyMeterProvider"
    assert collector.requests.qsize() > 0


@pytest.mark.parametrize("end", ["", "sys.exit(3)", "os.kill(os.getpid(), signal.SIGTERM)"])
def test_the_last_values_arrive_at_normal_exit(
    end: str, python: Callable[..., str], collector: Any, otlp: SimpleNamespace
) -> None:
    script = f"""
        import os, signal, sys
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))  # as services do
        import service_metrics
        counter = service_metrics.Counter("done", "D.")
        service_metrics.publish()
        counter.inc(7)
        try:
            {end or "sys.exit(3)"}
        except SystemExit as leaving:
            assert leaving.code == 3
    """
    python(script, PROMETHEUS_BACKEND="otel", METRICS_PUSH_INTERVAL="3600")
    last = collector.drain()[-1]
    assert otlp.metrics_of(last)["done_total"].sum.data_points[0].as_double == 7


def test_a_forked_child_pushes_its_own_values(
    python: Callable[..., str], collector: Any, otlp: SimpleNamespace
) -> None:
    script = """
        import json, os, sys
        import service_metrics
        from service_metrics.identity import instance_id
        counter = service_metrics.Counter("done", "D.", ["kind"])
        publication = service_metrics.publish()
        bound = counter.labels("x")
        bound.inc(5)
        pid = os.fork()
        if pid == 0:
            bound.inc(2)
            publication.close()
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0
        bound.inc(1)
        publication.close()
        print(json.dumps([instance_id(), instance_id().replace(str(os.getpid()), str(pid))]))
    """
    parent, child = json.loads(python(script, PROMETHEUS_BACKEND="otel", METRICS_PUSH_INTERVAL="3600"))
    values: dict[str, list[float]] = {parent: [], child: []}
    starts: dict[str, set[int]] = {parent: set(), child: set()}
    for request in collector.drain():
        metrics = otlp.metrics_of(request)
        # The first push may come before the first series.
        for point in metrics["done_total"].sum.data_points if "done_total" in metrics else ():
            values[otlp.resource_of(request)["service.instance.id"]].append(point.as_double)
            starts[otlp.resource_of(request)["service.instance.id"]].add(point.start_time_unix_nano)
    assert values[parent][-1] == 6
    assert values[child][-1] == 2
    assert set(values[child]) <= {0, 2}  # never what the parent counted
    assert min(starts[child]) > max(starts[parent])
