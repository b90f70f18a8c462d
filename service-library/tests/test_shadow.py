"""Shadow mode: what differs is found and named, what does not differ is not, and the service notices nothing."""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Callable
from itertools import count, takewhile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import prometheus_client
import pytest
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest

from service_metrics.shadow import comparison
from service_metrics.shadow.findings import COMPARISONS, forget
from service_metrics.shadow.metrics import Counter, Enum, Gauge, Histogram, Info, Summary

Found = Callable[[], list[str]]


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture(autouse=True)
def _no_findings() -> None:
    forget()


@pytest.fixture
def found(registry: CollectorRegistry, caplog: pytest.LogCaptureFixture) -> Found:
    """Scrapes and returns the mismatches that were logged since the last time."""

    def scrape() -> list[str]:
        compared = COMPARISONS._value.get()
        families = len(generate_latest(registry).split(b"# TYPE")) - 1
        assert COMPARISONS._value.get() == compared + families > compared
        assert {(record.name, record.levelno) for record in caplog.records} <= {("service_metrics", logging.WARNING)}
        lines = [record.getMessage() for record in caplog.records]
        caplog.clear()
        assert all(line.startswith("The backends differ: ") and line.endswith(".") for line in lines)
        return [line.removeprefix("The backends differ: ")[:-1] for line in lines]

    return scrape


def mismatches(family: str) -> float | None:
    return REGISTRY.get_sample_value("service_metrics_shadow_mismatches_total", {"family": family})


def test_a_lost_increment_is_named_once(
    registry: CollectorRegistry, found: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = Counter("requests", "R.", ["method"], registry=registry)
    requests.labels("GET").inc(2)
    requests.labels("PUT").inc()
    assert found() == []
    monkeypatch.setattr(requests.labels("GET")._pair, "ours", prometheus_client.Counter("x", "X.", registry=None))
    requests.labels("GET").inc()
    assert found() == ['requests_total{method="GET"} is 3.0 with prometheus_client and 2.0 with service_metrics']
    requests.labels("GET").inc()
    assert found() == []
    assert mismatches("requests") == 1
    assert mismatches("other") is None


def test_a_wrong_bucket_bound_is_named(registry: CollectorRegistry, found: Found) -> None:
    seconds = Histogram("seconds", "S.", ["op"], buckets=[0.1, 1, 10], registry=registry)
    seconds.labels("read")._pair.ours._bounds[1] = 2.0
    seconds.labels("read").observe(0.05)
    assert found() == []
    seconds.labels("read").observe(1.5)
    assert found() == ['seconds_bucket{op="read",le="1.0"} is 1.0 with prometheus_client and 2.0 with service_metrics']


def test_a_missing_child_a_lost_exemplar_and_a_wrong_label_are_named(registry: CollectorRegistry, found: Found) -> None:
    counter = Counter("counted", "C.", ["a"], registry=registry)
    counter.labels("x").inc()
    counter._pair.ours.clear()
    traced = Counter("traced", "T.", registry=registry)
    traced.inc(1, {"trace_id": "abc"})
    traced._pair.ours._exemplar = None
    build = Info("build", "B.", registry=registry)
    build.info({"version": "1"})
    build._pair.ours.info({"version": "2"})
    assert found() == [
        'counted_total{a="x"} is 1.0 with prometheus_client and missing with service_metrics',
        "traced_total{} is 1.0 with exemplar {'trace_id': 'abc'} with prometheus_client and 1.0 with service_metrics",
        'build_info{version="1"} (and 1 more of the series) is 1.0 with prometheus_client and missing with service_metrics',
    ]


def test_a_different_outcome_is_named_and_prometheus_client_decides(registry: CollectorRegistry, found: Found) -> None:
    gauge = Gauge("latest", "L.", ["a"], multiprocess_mode="mostrecent", registry=registry)
    gauge.labels("x").set(4)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="inc must not be used with the mostrecent mode"):
            gauge.labels("x").inc()
    counter = Counter("c", "C.", registry=registry)
    with pytest.raises(ValueError, match="non-negative"):
        counter.inc(-1)
    with pytest.raises(ValueError, match="Incorrect label count"):
        gauge.labels("x", "y")
    assert found()[0] == (
        "the outcome of latest{'a': 'x'}.inc() is RuntimeError('inc must not be used with the mostrecent mode') "
        "with prometheus_client and None with service_metrics"
    )
    assert mismatches("latest") == 2  # the outcome, and the value that follows from it
    assert mismatches("c") is None


def test_a_metric_that_ours_cannot_make_still_works(
    registry: CollectorRegistry, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("service_metrics.recording.summary.Summary._declare", broken)
    monkeypatch.setattr("service_metrics.recording.gauge.Gauge._declare", broken)
    summary = Summary("sizes", "S.", ["a"], registry=registry)
    summary.labels("x").observe(3)
    assert registry.get_sample_value("sizes_sum", {"a": "x"}) == 3
    Gauge("asked", "A.", registry=registry).set_function(lambda: 7)
    assert registry.get_sample_value("asked") == 7
    assert "the outcome of sizes.__init__() is None with prometheus_client and RuntimeError('broken')" in caplog.text


def test_a_comparison_that_fails_is_told_and_the_page_is_whole(
    registry: CollectorRegistry, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison, "_equal", None)
    Gauge("size", "S.", registry=registry).set(2)
    for _ in range(2):
        assert b"\nsize 2.0\n" in generate_latest(registry)
    [line] = [record.getMessage() for record in caplog.records]
    assert line.startswith("The backends differ: the comparison of size is not compared")


def test_a_clock_is_read_once_and_a_function_asked_once(
    registry: CollectorRegistry, found: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = count(1)
    monkeypatch.setattr("time.time", lambda: float(next(ticks)))
    monkeypatch.setattr("prometheus_client.context_managers.default_timer", lambda: float(next(ticks)) ** 2)
    now = Gauge("now", "N.", registry=registry)
    now.set_to_current_time()
    took = Histogram("took", "T.", registry=registry)
    with took.time():
        pass
    asked: list[int] = []

    def ask() -> int:
        asked.append(1)
        return len(asked)

    Gauge("asked", "A.", registry=registry).set_function(ask)
    assert found() == []
    assert asked == [1]
    assert found() == []
    assert registry.get_sample_value("asked") == 3


def test_recording_in_threads_while_scraping_is_no_mismatch(registry: CollectorRegistry, found: Found) -> None:
    counter = Counter("counted", "C.", ["a"], registry=registry)
    gauge = Gauge("held", "H.", registry=registry)
    histogram = Histogram("took", "T.", registry=registry)
    state = Enum("state", "S.", states=["a", "b"], registry=registry)
    done = threading.Event()

    def record(number: int) -> None:
        for turn in takewhile(lambda _: not done.is_set(), count()):
            counter.labels(turn % 7).inc(0.1 * number, {"by": str(number)} if turn % 3 else None)
            gauge.inc(number)
            gauge.set(turn)
            histogram.observe(0.1 * number + turn)
            state.state("ab"[turn % 2])
            if turn % 50 == 0:
                counter.remove(turn % 7)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    threads = [threading.Thread(target=record, args=(number,)) for number in range(4)]
    try:
        for thread in threads:
            thread.start()
        for _ in range(10):
            found()
    finally:
        done.set()
        for thread in threads:
            thread.join()
        sys.setswitchinterval(interval)
    assert [mismatches(family) for family in ("counted", "held", "took", "state")] == [None] * 4
    assert found() == []
    histogram._pair.ours.observe(1)  # a control: at rest, the same comparison sees one observation too many
    assert len(found()) == 1


def test_what_moves_is_left_to_the_next_scrape(registry: CollectorRegistry, found: Found) -> None:
    counter = Counter("counted", "C.", registry=registry)
    counter._pair.ours.inc()
    counter._pair.begun += 1  # a thread is between the two sides
    assert found() == []
    counter._pair.ended += 1
    assert len(found()) == 1


def test_the_scrape_that_finds_a_mismatch_shows_it(python: Callable[..., str]) -> None:
    script = """
        import service_metrics
        counter = service_metrics.Counter("counted", "C.")
        counter._pair.ours.inc()
        page = service_metrics.generate_latest(service_metrics.REGISTRY).decode()
        print('service_metrics_shadow_mismatches_total{family="counted"} 1.0' in page)
    """
    assert python(script, PROMETHEUS_BACKEND="shadow").strip() == "True"


def test_a_push_compares_too(python: Callable[..., str], collector: Any, otlp: SimpleNamespace) -> None:
    script = """
        import service_metrics
        counter = service_metrics.Counter("done", "D.")
        with service_metrics.publish():
            counter.inc(7)
            counter._pair.ours.inc()
    """
    python(script, PROMETHEUS_BACKEND="shadow", METRICS_PUSH_INTERVAL="3600")
    found = otlp.metrics_of(collector.drain()[-1])
    assert found["done_total"].sum.data_points[0].as_double == 7
    [mismatch] = found["service_metrics_shadow_mismatches_total"].sum.data_points
    assert (otlp.attributes_of(mismatch), mismatch.as_double) == ({"family": "done"}, 1)


FORKED = """
    import json, os, sys
    from service_metrics import REGISTRY, Counter, Gauge, Histogram, Summary, Info, Enum, generate_latest
    counter = Counter("c", "C.", ["a"]); bound = counter.labels("x"); bound.inc(5, {"trace_id": "parent"})
    gauge = Gauge("g", "G."); gauge.inc(5)
    other = Gauge("other", "O."); other.inc(5)
    asked = Gauge("asked", "A."); asked.set_function(lambda: 7)
    unasked = Gauge("unasked", "U."); unasked.set_function(lambda: 7)
    histogram = Histogram("h", "H.", buckets=[1]); histogram.observe(0.3)
    summary = Summary("s", "S."); summary.observe(5)
    info = Info("i", "I."); info.info({"version": "1"})
    enum = Enum("e", "E.", states=["a", "b"]); enum.state("b")

    def found():
        page = generate_latest(REGISTRY).decode().splitlines()
        return [line for line in page if line.startswith("service_metrics_shadow_mismatches_total{")]

    reader, writer = os.pipe()
    if os.fork() == 0:
        try:
            if sys.argv[1] == "scraped first":
                assert found() == []
            bound.inc(0.1); gauge.inc(); other.set(2); other.inc(); histogram.observe(0.7); summary.observe(0.1)
            counter.labels("new").inc()
            agreed = found()
            bound._pair.ours.inc(); other._pair.ours.inc()
            os.write(writer, json.dumps([agreed, found(), REGISTRY.get_sample_value("c_total", {"a": "x"})]).encode())
        finally:
            os._exit(0)
    os.close(writer)
    print(open(reader).read())
"""


@pytest.mark.parametrize("when", ["scraped first", "recorded first"])
@pytest.mark.parametrize("process_mode", [False, True])
def test_what_a_forked_child_inherits_is_no_mismatch(
    when: str, process_mode: bool, python: Callable[..., str], tmp_path: Path
) -> None:
    environ = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)} if process_mode else {}
    agreed, broken, value = json.loads(python(FORKED, when, PROMETHEUS_BACKEND="shadow", **environ))
    assert agreed == []
    assert broken == [
        'service_metrics_shadow_mismatches_total{family="c"} 1.0',
        'service_metrics_shadow_mismatches_total{family="other"} 1.0',
    ]
    assert value == (0.1 if process_mode else 5.1)  # what prometheus_client shows: its parent's and its own
