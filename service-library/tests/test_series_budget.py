"""No page has more series than METRICS_SERIES_BUDGET, on any backend; what gets no series of its own is still counted."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Iterable, Iterator
from threading import Thread
from types import SimpleNamespace
from typing import Any
from weakref import ref

import prometheus_client
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Metric

import service_metrics
from service_metrics.budget import series_budget
from service_metrics.budget.series_budget import budget_of
from service_metrics.exposition.constant_labels import ConstantLabels
from service_metrics.exposition.text import TEXT
from service_metrics.http_metrics import HttpMetrics
from service_metrics.recording.reading import families
from service_metrics.settings import Settings
from service_metrics.shadow.findings import MISMATCHES, forget

Api = SimpleNamespace
TOLD = "are used up"


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry(auto_describe=True)


@pytest.fixture(autouse=True)
def _told_before_the_next_test() -> Iterator[None]:
    """A budget that is used up is logged by a thread of its own: no test leaves one to the log of the next."""
    yield
    for budget in list(series_budget._live):
        budget.dropped.wait_until_told()


def series(registry: CollectorRegistry) -> dict[str, float]:
    """The page that a scrape gets: what is printed, by name and labels."""
    page = b"".join(TEXT.render(families(registry), ConstantLabels(), "underscores")).decode()
    lines = [line.rpartition(" ") for line in page.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


def told(registry: CollectorRegistry, caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged of the budget, once that is done."""
    budget = budget_of(registry)
    assert budget is not None
    budget.dropped.wait_until_told()
    return [message for message in caplog.messages if TOLD in message]


def test_label_values_that_do_not_fit_are_counted_together(
    api: Api, registry: CollectorRegistry, limited: Callable[[int], None], caplog: pytest.LogCaptureFixture
) -> None:
    limited(5)
    counter = api.Counter("visits", "Visits.", ["user", "page"], registry=registry)
    for user in range(10):
        counter.labels(user, "/").inc()
        counter.labels(page="/", user=user).inc()
    assert series(registry) == {
        'visits_total{page="/",user="0"}': 2,
        'visits_total{page="/",user="1"}': 2,
        'visits_total{page="/",user="2"}': 2,
        'visits_total{page="_overflow",user="_overflow"}': 14,
        'service_metrics_dropped_series_total{family="visits"}': 7,
    }
    [message] = told(registry, caplog)
    assert message.startswith("The 5 series of METRICS_SERIES_BUDGET are used up: ")
    assert "Most series have visits (4)" in message or "Most series have visits (3)" in message


def test_while_there_is_room_nothing_is_said(
    api: Api, registry: CollectorRegistry, limited: Callable[[int], None], caplog: pytest.LogCaptureFixture
) -> None:
    """The control of the test above: one series less."""
    limited(5)
    counter = api.Counter("visits", "Visits.", ["user"], registry=registry)
    for user in range(3):
        counter.labels(user).inc()
    assert len(series(registry)) == 3
    assert told(registry, caplog) == []


SHAPES: dict[str, tuple[Callable[[Api, CollectorRegistry], Any], Callable[[Any], Any], int]] = {
    "Counter": (lambda api, r: api.Counter("m", "M.", ["a"], registry=r), lambda child: child.inc(), 1),
    "Gauge": (lambda api, r: api.Gauge("m", "M.", ["a"], registry=r), lambda child: child.set(3), 1),
    "Histogram": (
        lambda api, r: api.Histogram("m", "M.", ["a"], buckets=[1, 2], registry=r),
        lambda c: c.observe(1),
        5,
    ),
    "Histogram below zero": (
        lambda api, r: api.Histogram("m", "M.", ["a"], buckets=[-1, float("inf")], registry=r),
        lambda child: child.observe(1),
        3,
    ),
    "Summary": (lambda api, r: api.Summary("m", "M.", ["a"], registry=r), lambda child: child.observe(1), 2),
    "Info": (lambda api, r: api.Info("m", "M.", ["a"], registry=r), lambda child: child.info({"b": "c"}), 1),
    "Enum": (lambda api, r: api.Enum("m", "M.", ["a"], states="xyz", registry=r), lambda child: child.state("y"), 3),
}


@pytest.mark.parametrize("created", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_each_type_counts_the_lines_it_prints(
    shape: str, created: bool, api: Api, registry: CollectorRegistry, limited: Callable[[int], None]
) -> None:
    declare, record, lines = SHAPES[shape]
    if created:
        service_metrics.enable_created_metrics()
        lines += shape.partition(" ")[0] in ("Counter", "Histogram", "Summary")
    try:
        limited(3 * lines + 1 + created)  # two children, the overflow, and the line that says so
        metric = declare(api, registry)
        for value in range(2):
            record(metric.labels(value))
        assert len(series(registry)) == 2 * lines
        for value in range(2, 9):
            record(metric.labels(value))
        found = series(registry)
        assert len(found) == 3 * lines + 1 + created
        assert sum('a="_overflow"' in name for name in found) == lines
        assert found['service_metrics_dropped_series_total{family="m"}'] == 7
    finally:
        service_metrics.disable_created_metrics()


def test_metrics_without_labels_are_always_there_and_count(
    api: Api, registry: CollectorRegistry, limited: Callable[[int], None]
) -> None:
    limited(4)
    counter = api.Counter("visits", "Visits.", ["user"], registry=registry)
    counter.labels("a").inc()
    api.Summary("size", "Size.", registry=registry).observe(1)
    counter.labels("b").inc()
    assert set(series(registry)) == {
        'visits_total{user="a"}',
        "size_count",
        "size_sum",
        'visits_total{user="_overflow"}',
        'service_metrics_dropped_series_total{family="visits"}',
    }


REMOVALS: dict[str, Callable[[Any], None]] = {
    "remove": lambda counter: counter.remove("0"),
    "remove_by_labels": lambda counter: counter.remove_by_labels({"user": "0"}),
    "clear": lambda counter: counter.clear(),
}


@pytest.mark.parametrize("how", REMOVALS)
def test_what_is_removed_leaves_room(
    how: str, api: Api, registry: CollectorRegistry, limited: Callable[[int], None]
) -> None:
    limited(4)
    counter = api.Counter("visits", "Visits.", ["user"], registry=registry)
    for user in range(4):
        counter.labels(user).inc()
    REMOVALS[how](counter)
    counter.remove("nobody")
    counter.labels("new").inc()
    assert 'visits_total{user="new"}' in series(registry)
    for user in range(10, 20):
        counter.labels(user).inc()
    assert len(series(registry)) == 4


def test_a_scrape_counts_what_others_print(
    api: Api, registry: CollectorRegistry, limited: Callable[[int], None]
) -> None:
    limited(10)
    others = 0

    class Others:
        def collect(self) -> Iterable[Metric]:
            family = Metric("other", "O.", "gauge")
            for number in range(others):
                family.add_sample("other", {"n": str(number)}, 1)
            return [family]

    registry.register(Others())
    counter = api.Counter("visits", "Visits.", ["user"], registry=registry)
    others = 7
    assert len(series(registry)) == 7
    counter.labels("a").inc()
    counter.labels("b").inc()
    assert 'visits_total{user="b"}' not in series(registry)
    assert len(series(registry)) == 10
    others = 6
    series(registry)
    counter.labels("b").inc()
    assert 'visits_total{user="b"}' in series(registry)
    assert len(series(registry)) == 10


def test_a_scrape_that_is_broken_off_counts_nothing(
    api: Api, registry: CollectorRegistry, limited: Callable[[int], None]
) -> None:
    limited(4)
    counter = api.Counter("visits", "Visits.", ["user"], registry=registry)
    counter.labels("a").inc()
    counter.labels("b").inc()
    for _family in families(registry):
        break
    counter.labels("c").inc()
    assert 'visits_total{user="c"}' not in series(registry)


def test_what_was_left_out_counts_once(api: Api, registry: CollectorRegistry, limited: Callable[[int], None]) -> None:
    limited(3)
    counter = api.Counter("visits", "Visits.", ["user"], registry=registry)
    counter.labels("a").inc()
    for _ in range(5):
        for user in ("b", "c"):
            counter.labels(user).inc()
    assert series(registry)['service_metrics_dropped_series_total{family="visits"}'] == 2
    for number in range(1000):  # more than it remembers; it must go on
        counter.labels(number).inc()
    assert series(registry)['service_metrics_dropped_series_total{family="visits"}'] == 1002
    budget = budget_of(registry)
    assert budget is not None
    assert len(budget.dropped._seen) <= 3


def test_kept_children_go_on(api: Api, registry: CollectorRegistry, limited: Callable[[int], None]) -> None:
    limited(3)
    counter = api.Counter("visits", "Visits.", ["user"], registry=registry)
    kept, together = counter.labels("a"), counter.labels("b")
    assert counter.labels("c") is together
    assert counter.labels("a") is kept
    kept.inc()
    together.inc()
    assert series(registry)['visits_total{user="_overflow"}'] == 1


def test_a_log_handler_may_record_in_the_family_that_overflows(
    api: Api, registry: CollectorRegistry, limited: Callable[[int], None], caplog: pytest.LogCaptureFixture
) -> None:
    """A counter of log lines by message is such a family; with a lock held while logging, this would never end."""
    limited(3)
    lines = api.Counter("log_lines", "Log lines.", ["message"], registry=registry)

    class Counting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.labels(record.getMessage()).inc()

    handler = Counting()
    logging.getLogger("service_metrics").addHandler(handler)
    try:
        for number in range(9):
            lines.labels(number).inc()
        assert len(told(registry, caplog)) == 1
    finally:
        logging.getLogger("service_metrics").removeHandler(handler)
    assert series(registry)['log_lines_total{message="_overflow"}'] == 9


def test_each_registry_has_a_budget_that_goes_with_it(api: Api, limited: Callable[[int], None]) -> None:
    limited(4)

    def use() -> ref[CollectorRegistry]:
        registry = CollectorRegistry(auto_describe=True)
        counter = api.Counter("visits", "Visits.", ["user"], registry=registry)
        for user in range(10):
            counter.labels(user).inc()
        assert len(series(registry)) == 4
        return ref(registry)

    first, second = use(), use()
    gc.collect()
    assert first() is None
    assert second() is None


def test_without_a_registry_there_is_no_budget(api: Api, limited: Callable[[int], None]) -> None:
    limited(1)
    counter = api.Counter("visits", "Visits.", ["user"], registry=None)
    for user in range(10):
        counter.labels(user).inc()
    [family] = counter.collect()
    assert len(family.samples) == 10


def test_threads_that_make_children_at_once_stay_within(
    api: Api, registry: CollectorRegistry, limited: Callable[[int], None]
) -> None:
    limited(120)
    metrics = [api.Counter(f"c{number}", "C.", ["user"], registry=registry) for number in range(3)]

    def work(start: int) -> None:
        for user in range(start, start + 200):
            for metric in metrics:
                metric.labels(user).inc()

    threads = [Thread(target=work, args=(number * 100,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = series(registry)
    assert len(found) == 120
    assert sum(value for name, value in found.items() if name.startswith("c")) == 4 * 200 * 3


def test_requests_with_made_up_labels_are_not_kept(
    backend: Api, registry: CollectorRegistry, limited: Callable[[int], None]
) -> None:
    limited(100)
    metrics = HttpMetrics(Settings(), registry, ("tenant",))
    for tenant in range(500):
        metrics.record("/", "GET", "200", (str(tenant),))(0.1, 1, 1)
    found = series(registry)
    plain = backend.Counter is prometheus_client.Counter  # these know no budget: the control
    alone = [name for name in found if name.startswith("http_request_duration_seconds_count") and "_over" not in name]
    assert len(metrics._records) == len(alone)
    assert (len(found) > 100) is plain
    assert sum(value for name, value in found.items() if name.startswith("http_requests_total")) == 500


labels = st.sampled_from(["a", "b", "c", "d", "e", "f", "_overflow"])
operations = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["counter", "gauge", "histogram", "summary"]), labels, st.just("record")),
        st.tuples(st.sampled_from(["counter", "gauge", "histogram", "summary"]), labels, st.just("remove")),
        st.tuples(st.sampled_from(["counter", "histogram"]), st.just(""), st.just("clear")),
        st.tuples(st.just("page"), st.just(""), st.just("")),
    ),
    max_size=40,
)
DECLARED = 5 + 4 + 4  # the overflow of a histogram and of a counter, gauge and summary, and four lines that say so
METHODS = {"counter": "inc", "gauge": "inc", "histogram": "observe", "summary": "observe"}


@given(limit=st.integers(1, 45), sequence=operations)
@example(
    limit=14, sequence=[("counter", "_overflow", "record"), ("counter", "a", "record"), ("counter", "b", "record")]
)
def test_any_operations_stay_within_and_leave_the_same_pages(
    within_budget: dict[str, Api], limit: int, sequence: list[tuple[str, str, str]]
) -> None:
    pages = {}
    for backend, api in within_budget.items():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(series_budget, "LIMIT", limit)
            forget()
            pages[backend] = _pages(api, sequence)
    for page, recorded in pages["otel"]:
        assert len(page) <= max(limit, DECLARED)
        for name, amount in recorded.items():  # nothing is lost
            assert sum(value for key, value in page.items() if key.startswith(name)) == amount
    assert all(page == pages["otel"] for page in pages.values())
    assert [sample for family in MISMATCHES.collect() for sample in family.samples] == []


def _pages(api: Api, sequence: list[tuple[str, str, str]]) -> list[tuple[dict[str, float], dict[str, int]]]:
    registry = CollectorRegistry()
    metrics = {
        "counter": api.Counter("counter", "C.", ["label"], registry=registry),
        "gauge": api.Gauge("gauge", "G.", ["label"], registry=registry),
        "histogram": api.Histogram("histogram", "H.", ["label"], buckets=[1, 10], registry=registry),
        "summary": api.Summary("summary", "S.", ["label"], registry=registry),
    }
    recorded: dict[str, int] = {"counter_total": 0, "summary_count": 0}
    removed = set()
    pages = []
    for metric, label, what in [*sequence, ("page", "", "")]:
        name = {"counter": "counter_total", "summary": "summary_count"}.get(metric)
        if metric == "page":
            pages.append((series(registry), {key: value for key, value in recorded.items() if key not in removed}))
        elif what == "record":
            getattr(metrics[metric].labels(label), METHODS[metric])(1)
            if name:
                recorded[name] += 1
        elif what == "remove":
            metrics[metric].remove(label)
            removed.add(name)
        else:
            metrics[metric].clear()
            removed.add(name)
    return pages
