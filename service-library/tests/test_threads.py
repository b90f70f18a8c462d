"""Recording is exact and a scrape sees whole histograms: without locks where there is a GIL, with locks everywhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from threading import Barrier, Thread
from types import SimpleNamespace

import pytest
from prometheus_client import CollectorRegistry

from service_metrics.backend import HAS_GIL
from service_metrics.recording import counter, free_threaded, gauge, histogram, summary

THREADS = 10
CALLS = 5_000
Api = SimpleNamespace
PLAIN = Api(Counter=counter.Counter, Gauge=gauge.Gauge, Histogram=histogram.Histogram, Summary=summary.Summary)
LOCKED = Api(**{kind: getattr(free_threaded, kind) for kind in vars(PLAIN)})


@pytest.fixture(params=["plain", "locked"])
def api(request: pytest.FixtureRequest) -> Api:
    """The metric classes; on CPython without a GIL, those without a lock of their own may lose counts."""
    if request.param == "plain" and not HAS_GIL:
        pytest.skip("this interpreter has no GIL, so the classes without locks are not used on it")
    return PLAIN if request.param == "plain" else LOCKED


@pytest.fixture(autouse=True)
def _switch_threads_all_the_time() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_ten_threads_lose_nothing(api: Api) -> None:
    registry = CollectorRegistry()
    counter = api.Counter("count", "C.", ["label"], registry=registry)
    gauge = api.Gauge("gauge", "G.", registry=registry)
    histogram = api.Histogram("histogram", "H.", buckets=[1, 2], registry=registry)
    summary = api.Summary("summary", "S.", registry=registry)
    start = Barrier(THREADS)

    def record(number: int) -> None:
        start.wait()
        for call in range(CALLS):
            counter.labels(call % 3).inc()
            counter.labels(label="named").inc(2)
            gauge.inc(3)
            gauge.dec()
            histogram.observe(number % 3)
            summary.observe(number)

    threads = [Thread(target=record, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    total = THREADS * CALLS
    values = {(sample.name, *sample.labels.values()): sample.value for f in registry.collect() for sample in f.samples}
    assert sum(values["count_total", str(label)] for label in range(3)) == total
    assert values["count_total", "named"] == 2 * total
    assert values["gauge",] == 2 * total
    assert values["histogram_count",] == values["histogram_bucket", "+Inf"] == total
    assert values["histogram_bucket", "1.0"] == 7 * CALLS
    assert values["histogram_sum",] == sum(number % 3 for number in range(THREADS)) * CALLS
    assert (values["summary_count",], values["summary_sum",]) == (total, sum(range(THREADS)) * CALLS)


def test_a_scrape_never_sees_half_an_observation(api: Api) -> None:
    registry = CollectorRegistry()
    histogram = api.Histogram("whole", "W.", buckets=[1], registry=registry)
    summary = api.Summary("both", "B.", registry=registry)
    running = True

    def observe() -> None:
        while running:
            histogram.observe(1.0)
            summary.observe(1.0)

    thread = Thread(target=observe)
    thread.start()
    try:
        for _ in range(2_000):
            for family in registry.collect():
                values = {sample.name.rpartition("_")[2]: sample.value for sample in family.samples}
                assert values["count"] == values["sum"]
    finally:
        running = False
        thread.join()


def test_threads_that_create_the_same_child_share_it(api: Api) -> None:
    counter = api.Counter("shared", "S.", ["label"], registry=None)
    start = Barrier(THREADS)
    children: list[set[int]] = []

    def create() -> None:
        start.wait()
        found = [counter.labels(label) for label in range(200)]
        children.append({id(child) for child in found})

    threads = [Thread(target=create) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set.union(*children)) == 200
