"""All backends answer alike: timing, counting exceptions, removing children, and what else a registry holds."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

Api = SimpleNamespace
Scenario = Callable[[Api, CollectorRegistry], Any]
SCENARIOS: dict[str, Scenario] = {}


def scenario(function: Scenario) -> Scenario:
    SCENARIOS[function.__name__] = function
    return function


@pytest.fixture(autouse=True)
def _fixed_clocks(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = {name: iter(range(0, 10_000, 3)) for name in ("prometheus", "recording")}
    monkeypatch.setattr("prometheus_client.context_managers.default_timer", lambda: float(next(ticks["prometheus"])))
    monkeypatch.setattr("service_metrics.recording.timing.perf_counter", lambda: float(next(ticks["recording"])))


@scenario
def gauge_in_progress_and_timed(api: Api, registry: CollectorRegistry) -> None:
    gauge = api.Gauge("in_progress", "In progress.", registry=registry)
    seen = api.Gauge("seen", "Seen.", registry=registry)

    @gauge.track_inprogress()  # type: ignore[untyped-decorator]
    def nested(depth: int) -> None:
        if depth:
            nested(depth - 1)
        else:
            seen.set(registry.get_sample_value("in_progress"))

    nested(3)
    with gauge.track_inprogress():
        pass
    timed = api.Gauge("last_seconds", "Last.", registry=registry)
    with timed.time():
        pass


@scenario
def timing(api: Api, registry: CollectorRegistry) -> None:
    histogram = api.Histogram("took_seconds", "Took.", ["op"], registry=registry)

    @histogram.labels("call").time()  # type: ignore[untyped-decorator]
    def call(a: int, *, b: int = 2) -> int:
        """Documented."""
        return a + b

    assert call(1, b=5) == 6
    assert (call.__name__, call.__doc__) == ("call", "Documented.")
    assert list(inspect.signature(call).parameters) == ["a", "b"]
    with histogram.time() as timer:
        timer.labels("block")
    assert timer.duration == 3.0
    with pytest.raises(KeyError), histogram.labels("failed").time():
        raise KeyError
    summary = api.Summary("summed_seconds", "Summed.", registry=registry)
    with summary.time():
        pass


@scenario
def counting_exceptions(api: Api, registry: CollectorRegistry) -> None:
    counter = api.Counter("failures", "Failures.", ["which"], registry=registry)
    for error in (ValueError, KeyError, KeyboardInterrupt):
        with pytest.raises(error), counter.labels("any").count_exceptions():
            raise error
        with pytest.raises(error), counter.labels("value").count_exceptions(ValueError):
            raise error
        with pytest.raises(error), counter.labels("two").count_exceptions((ValueError, KeyboardInterrupt)):
            raise error

    @counter.labels("called").count_exceptions()  # type: ignore[untyped-decorator]
    def fails() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        fails()
    with counter.labels("none").count_exceptions():
        pass


@scenario
def removing(api: Api, registry: CollectorRegistry) -> None:
    counter = api.Counter("removed", "Removed.", ["a", "b"], registry=registry)
    for a in "xyz":
        for b in (1, 2):
            counter.labels(a, b).inc()
    counter.remove("x", 1)
    counter.remove("never", "there")
    counter.remove_by_labels({"b": "2"})
    counter.remove_by_labels({})
    cleared = api.Gauge("cleared", "Cleared.", ["a"], registry=registry)
    cleared.labels("x").set(1)
    cleared.clear()
    cleared.labels("y").set(1)
    plain = api.Gauge("plain", "Plain.", registry=registry)
    plain.set(3)
    plain.clear()


@scenario
def a_removed_child_records_nowhere(api: Api, registry: CollectorRegistry) -> None:
    counter = api.Counter("removed_child", "Removed child.", ["a"], registry=registry)
    child = counter.labels("x")
    counter.clear()
    child.inc(9)
    counter.labels("x").inc()


@scenario
def unregistered(api: Api, registry: CollectorRegistry) -> None:
    gone = api.Counter("gone", "Gone.", registry=registry)
    registry.unregister(gone)
    api.Gauge("gone", "Now a gauge.", registry=registry).set(1)
    api.Counter("nowhere", "Nowhere.", registry=None).inc()


@scenario
def custom_collectors(api: Api, registry: CollectorRegistry) -> None:
    class Custom:
        def collect(self) -> list[Any]:
            counter = CounterMetricFamily("custom", "Custom.", labels=["a"], created=5.0)
            counter.add_metric(["x"], 3, created=6.0)
            histogram = HistogramMetricFamily("sizes", "Sizes.", buckets=[("1.0", 2), ("+Inf", 3)], sum_value=4.5)
            return [counter, histogram]

    registry.register(Custom())
    api.Counter("beside", "Beside.", registry=registry).inc()


@scenario
def target_info(api: Api, registry: CollectorRegistry) -> None:
    registry.set_target_info({"env": "test"})
    api.Gauge("with_target", "With target.", registry=registry).set(1)


@pytest.mark.parametrize("name", SCENARIOS)
def test_same_families_and_pages(name: str, conforms: Callable[[Scenario], None]) -> None:
    conforms(SCENARIOS[name])
