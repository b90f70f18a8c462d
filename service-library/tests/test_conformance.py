"""All backends answer alike: the same recordings leave the same families, and the same page in every format.

prometheus_client is the reference; a scenario is written once and runs on all backends. What must differ is in
test_differences.py, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import prometheus_client
import pytest
from prometheus_client import CollectorRegistry

Api = SimpleNamespace
Scenario = Callable[[Api, CollectorRegistry], Any]
SCENARIOS: dict[str, Scenario] = {}


def scenario(function: Scenario) -> Scenario:
    SCENARIOS[function.__name__] = function
    return function


@scenario
def counter_without_labels(api: Api, registry: CollectorRegistry) -> None:
    counter = api.Counter("events", "Events \\ of\nall kinds.", registry=registry)
    counter.inc()
    counter.inc(2.5)
    counter.inc(True)  # noqa: FBT003
    counter.inc(Fraction(1, 4))
    counter.inc(0)


@scenario
def counter_with_prefix_and_unit(api: Api, registry: CollectorRegistry) -> None:
    api.Counter("waited_total", "Waited.", (), "shop", "cart", "seconds", registry).inc(3)
    api.Counter("done_seconds_total", "Done.", unit="seconds", registry=registry).inc(10**7)


@scenario
def counter_with_labels(api: Api, registry: CollectorRegistry) -> None:
    counter = api.Counter("http_requests_total", "Requests.", ["method", "status"], registry=registry)
    counter.labels("GET", 200).inc()
    counter.labels("GET", "200").inc()
    counter.labels(status="200", method="GET").inc()
    counter.labels("POST", None).inc(4)
    counter.labels(["unhashable"], True).inc()  # noqa: FBT003
    counter.labels(1, 1.0).inc()
    counter.labels('quote"back\\slash', "new\nline ü 🙂").inc()
    assert counter.labels("GET", 200) is counter.labels(method="GET", status=200)


@scenario
def counter_reset(api: Api, registry: CollectorRegistry) -> None:
    counter = api.Counter("resets", "Resets.", ["a"], registry=registry)
    counter.labels("x").inc(5)
    counter.labels("x").reset()
    counter.labels("x").inc()


@scenario
def counter_with_exemplar(api: Api, registry: CollectorRegistry) -> None:
    counter = api.Counter("traced", "Traced.", registry=registry)
    counter.inc(2, {"trace_id": "abc"})
    counter.inc(1, exemplar={"trace_id": "def"})


@scenario
def declared_but_never_used(api: Api, registry: CollectorRegistry) -> None:
    api.Counter("no_labels", "No labels.", registry=registry)
    api.Counter("labels", "Labels.", ["a"], registry=registry)
    api.Histogram("histogram", "Histogram.", registry=registry)
    api.Summary("summary", "Summary.", registry=registry)
    api.Gauge("gauge", "Gauge.", registry=registry)
    api.Info("info", "Info.", registry=registry)
    api.Enum("enum", "Enum.", states=["a", "b"], registry=registry)


@scenario
def names_that_need_escaping(api: Api, registry: CollectorRegistry) -> None:
    api.Counter("dotted.name", "Dotted.", ["dotted.label"], registry=registry).labels("x").inc()
    api.Gauge("ünïcode", "Unicode.", registry=registry).set(1)


@scenario
def gauge(api: Api, registry: CollectorRegistry) -> None:
    gauge = api.Gauge("queue_size", "Queue size.", ["queue"], registry=registry, multiprocess_mode="livesum")
    gauge.labels("a").inc()
    gauge.labels("a").inc(9)
    gauge.labels("a").dec(2.5)
    gauge.labels("b").set("3.5")
    gauge.labels("c").set_to_current_time()
    gauge.labels("d").set_function(lambda: 17)
    gauge.labels("d").inc()
    gauge.labels("e").set(float("nan"))
    gauge.labels("f").set(float("-inf"))
    gauge.labels("g").set(-0.0)
    gauge.labels("h").set(123456789.5)


@scenario
def histogram(api: Api, registry: CollectorRegistry) -> None:
    histogram = api.Histogram("latency_seconds", "Latency.", ["op"], buckets=(0.05, 0.1, 1, "3"), registry=registry)
    for amount in (0, 0.05, 0.050001, 1, 2.9, 3, 3.1, 1e9, True, float("inf"), -1):
        histogram.labels("read").observe(amount)
    histogram.labels("write").observe(0.1, {"trace_id": "abc"})
    histogram.labels("write").observe(7, exemplar={"trace_id": "def"})
    histogram.labels("nan").observe(float("nan"))


@scenario
def histogram_with_default_and_odd_buckets(api: Api, registry: CollectorRegistry) -> None:
    api.Histogram("default", "Default.", registry=registry).observe(0.3)
    api.Histogram("below_zero", "Below zero.", buckets=[-1, 0, 1], registry=registry).observe(-0.5)
    api.Histogram("large", "Large.", buckets=[1e6, 1e7, 123456789.0, float("inf")], registry=registry).observe(1e7)
    assert tuple(api.Histogram.DEFAULT_BUCKETS) == prometheus_client.Histogram.DEFAULT_BUCKETS


@scenario
def summary(api: Api, registry: CollectorRegistry) -> None:
    summary = api.Summary("size_bytes", "Sizes.", ["handler"], unit="bytes", registry=registry)
    summary.labels("/").observe(512)
    summary.labels("/").observe(1.5)
    summary.labels("/nan").observe(float("nan"))


@scenario
def info_and_enum(api: Api, registry: CollectorRegistry) -> None:
    api.Info("build", "Build.", registry=registry).info({"version": "1.2", "commit": 'a"b'})
    labelled = api.Info("pool", "Pool.", ["name"], registry=registry)
    labelled.labels("main").info({"size": "3"})
    labelled.labels("empty")
    state = api.Enum("state", "State.", ["task"], "app", states=["idle", "busy"], registry=registry)
    state.labels("a").state("busy")
    state.labels("b")


@pytest.mark.parametrize("name", SCENARIOS)
def test_same_families_and_pages(name: str, conforms: Callable[[Scenario], None]) -> None:
    conforms(SCENARIOS[name])
