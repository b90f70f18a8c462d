"""Read by mypy only: what a team writes keeps its types, whichever backend runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import service_metrics as prometheus_client
from service_metrics import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Enum,
    Gauge,
    Histogram,
    Info,
    Summary,
    generate_latest,
    publish,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from threading import Thread
    from typing import assert_type  # Python 3.11
    from wsgiref.simple_server import WSGIServer

    import service_metrics.core
    import service_metrics.metrics
    import service_metrics.openmetrics.exposition
    from service_metrics.core import CounterMetricFamily, Metric, Sample
    from service_metrics.multiprocess import MultiProcessCollector
    from service_metrics.parser import text_string_to_metric_families
    from service_metrics.registry import Collector
    from service_metrics.testing import Clock, delta

    counter = Counter("c", "C.", ["a"], registry=REGISTRY)
    gauge = Gauge("g", "G.", multiprocess_mode="livesum")
    histogram = Histogram("h", "H.", ["a"], buckets=(1, 2.5))
    summary = Summary("s", "S.")

    # labels() returns the class itself, by position and by name, and so does a subclass
    assert_type(counter.labels("x"), Counter)
    assert_type(counter.labels(a=1), Counter)
    assert_type(gauge.labels(a=1), Gauge)
    assert_type(histogram.labels("x"), Histogram)
    assert_type(summary.labels("x"), Summary)
    assert_type(Info("i", "I.").labels("x"), Info)
    assert_type(Enum("e", "E.", states=["a"]).labels("x"), Enum)

    class Orders(Counter):
        pass

    assert_type(Orders("o", "O.").labels("x"), Orders)

    # what records takes numbers
    counter.inc(2, exemplar={"trace_id": "1"})
    gauge.set(True)
    gauge.set_function(lambda: 1)
    histogram.observe(1, {"trace_id": "1"})
    Info("i", "I.").info({"version": "1"})
    Enum("e", "E.", states=["a"]).state("a")
    Info("i", "I.").info({"version": 1})  # type: ignore[dict-item]
    gauge.set_function(lambda: "1")  # type: ignore[arg-type,return-value]
    Gauge("g", "G.", multiprocess_mode="newest")  # type: ignore[arg-type]
    Counter("c", "C.", buckets=[1])  # type: ignore[call-arg]

    # a decorated function keeps its signature, `async def` or not
    @counter.count_exceptions((ValueError, KeyError))
    @gauge.track_inprogress()
    @summary.time()
    def decorated(number: int, *, text: str = "") -> list[str]:
        return [text] * number

    @histogram.time()
    @counter.count_exceptions()
    @gauge.track_inprogress()
    @gauge.time()
    async def decorated_async(number: int, *, text: str = "") -> list[str]:
        return [text] * number

    assert_type(decorated(3, text="x"), list[str])
    decorated("3")  # type: ignore[arg-type]
    decorated(3, "x")  # type: ignore[call-arg]

    class Handler:
        @summary.time()
        def handle(self, message: bytes) -> bool:
            return bool(message)

    assert_type(Handler().handle(b""), bool)

    async def main() -> None:
        assert_type(await decorated_async(3, text="x"), list[str])
        await decorated_async("3")  # type: ignore[arg-type]
        with histogram.time() as timer:
            assert_type(timer.duration, float | None)
            timer.labels(a="x")
        with publish() as publication:
            assert_type(publication.port, int | None)

    # prometheus_client's functions and submodules
    assert_type(REGISTRY, CollectorRegistry)
    assert_type(generate_latest(REGISTRY), bytes)
    assert_type(service_metrics.openmetrics.exposition.generate_latest(REGISTRY, "dots"), bytes)
    assert_type(prometheus_client.start_http_server(8000, addr="::"), tuple[WSGIServer, Thread])
    assert_type(prometheus_client.instance_ip_grouping_key()["instance"], object)  # type: ignore[assert-type]  # Any
    assert_type(service_metrics.core.Counter("c", "C."), Counter)
    assert_type(service_metrics.metrics.Histogram("h", "H."), Histogram)
    prometheus_client.push_to_gateway("gateway", "job", REGISTRY, {"instance": "a"}, delete_on_finish=True)
    prometheus_client.push_to_gateway("gateway", "job", REGISTRY, compression="zip")  # type: ignore[arg-type]
    prometheus_client.write_to_textfile("a.prom", REGISTRY)
    prometheus_client.enable_created_metrics()
    MultiProcessCollector(CollectorRegistry())
    for family in text_string_to_metric_families(""):
        assert_type(family.samples, list[Sample])

    class Custom:
        def collect(self) -> Iterable[Metric]:
            yield CounterMetricFamily("c", "C.", value=1)

    custom: Collector = Custom()
    REGISTRY.register(custom)
    REGISTRY.register(counter)

    # the testing aid
    def a_test(metrics_registry: CollectorRegistry, metrics_clock: Clock) -> None:
        Counter("c", "C.", registry=metrics_registry)
        with delta("c_total", {"a": 1}, by=1, registry=metrics_registry) as change:
            metrics_clock.advance(1.5)
        assert_type(change.value, float)
        assert_type(metrics_clock.now, float)
        delta("c_total", by=1, registry="REGISTRY")  # type: ignore[arg-type]
