"""What the generated writers print is byte for byte what prometheus_client prints, whatever the names, labels and numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import prometheus_client
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics.exposition import ALLOWUTF8, DOTS, UNDERSCORES, VALUES

from service_metrics.exposition import lines
from service_metrics.exposition.constant_labels import ConstantLabels
from service_metrics.exposition.text import TEXT
from service_metrics.recording.counter import Counter
from service_metrics.recording.enum import Enum
from service_metrics.recording.gauge import Gauge
from service_metrics.recording.histogram import Histogram
from service_metrics.recording.reading import families
from service_metrics.recording.summary import Summary

NOTHING = ConstantLabels()
CONSTANT = ConstantLabels({"service": 'a "b"', "zone": "{%s}"}, {"service_instance_id": "host-pid-1"})

names = st.sampled_from(
    ["plain", "a.dotted", "ünicode", "with space", 'quo"te', "percent%s", "br{a}ce", "back\\slash", "class"]
)
values = st.text(max_size=8) | st.sampled_from(['"', "\\", "\n", "{x}", "%s", "\x00", "ü🙂", ""])
numbers = st.floats(allow_nan=True, allow_infinity=True) | st.sampled_from(
    [0.0, -0.0, 1.0, 999999.0, 1e6, 1e16, 1e21, -1e7]
)


class Page:
    """The page that prometheus_client prints for what our metrics' samples say, with the constant labels put on."""

    def __init__(self, registry: CollectorRegistry, labels: ConstantLabels) -> None:
        self._registry = registry
        self._labels = labels

    def collect(self) -> Iterator[prometheus_client.Metric]:
        for family in self._registry.collect():
            plain = prometheus_client.Metric(family.name, family.documentation, family.type, family.unit)
            plain.samples = [sample._replace(labels=self._labels.on(sample.labels)) for sample in family.samples]
            yield plain


def page(registry: CollectorRegistry, labels: ConstantLabels = NOTHING, escaping: str = ALLOWUTF8) -> bytes:
    return b"".join(TEXT.render(families(registry), labels, escaping))


@pytest.fixture
def created() -> Iterator[None]:
    prometheus_client.enable_created_metrics()  # type: ignore[no-untyped-call]
    yield
    prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]


@given(
    name=names,
    labelnames=st.lists(names, max_size=3, unique=True),
    rows=st.lists(st.tuples(st.tuples(values, values, values), numbers), max_size=4),
    escaping=st.sampled_from([ALLOWUTF8, UNDERSCORES, DOTS, VALUES]),
    labels=st.sampled_from([NOTHING, CONSTANT]),
)
def test_any_names_labels_and_numbers(
    name: str, labelnames: list[str], rows: list[tuple[tuple[str, ...], float]], escaping: str, labels: ConstantLabels
) -> None:
    registry = CollectorRegistry()
    gauge = Gauge(name, 'Help \\ and\n"more".', labelnames, registry=registry)
    histogram = Histogram(f"{name}_h", "H.", labelnames, buckets=[0.5, 1e6, 1e7], registry=registry)
    state = Enum(f"{name}_e", "E.", labelnames, states=["a", 'b"'], registry=registry)
    for row, number in rows:
        chosen = row[: len(labelnames)]
        (gauge.labels(*chosen) if labelnames else gauge).set(number)
        (histogram.labels(*chosen) if labelnames else histogram).observe(number)
        (state.labels(*chosen) if labelnames else state).state('b"')
    assert page(registry, labels, escaping) == generate_latest(Page(registry, labels), escaping)


def test_large_counts_are_printed_as_go_does() -> None:
    registry = CollectorRegistry()
    histogram = Histogram("h", "H.", ["a"], buckets=[1, 2], registry=registry)
    histogram.labels("x")._counts[:] = [999_999, 1, 10**7, 12345678.5]
    printed = page(registry).decode()
    assert 'h_bucket{a="x",le="1.0"} 999999.0\n' in printed
    assert 'h_bucket{a="x",le="2.0"} 1e+06\n' in printed
    assert printed == generate_latest(Page(registry, NOTHING)).decode()


@pytest.mark.usefixtures("created")
@pytest.mark.parametrize("labels", [NOTHING, CONSTANT])
def test_created_series_stand_at_the_end_of_their_family(labels: ConstantLabels) -> None:
    registry = CollectorRegistry()
    Counter("c", "C.", ["a"], registry=registry).labels("x").inc()
    Counter("never_used", "N.", ["a"], registry=registry)
    Summary("s", "S.", registry=registry).observe(2)
    Histogram("h", "H.", registry=registry).observe(2)
    assert page(registry, labels) == generate_latest(Page(registry, labels), ALLOWUTF8)
    assert page(registry).count(b"_created{") == 1


@pytest.mark.usefixtures("created")
def test_families_of_others_are_printed_in_parts_and_whole() -> None:
    registry = CollectorRegistry()
    theirs = prometheus_client.Counter("theirs", "T.", ["a"], registry=registry)
    for number in range(120):
        theirs.labels(str(number)).inc(number)
    assert page(registry, CONSTANT) == generate_latest(Page(registry, CONSTANT), ALLOWUTF8)


def test_a_labels_own_name_wins_over_a_default_and_loses_to_the_identity() -> None:
    registry = CollectorRegistry()
    Gauge("g", "G.", ["service", "service_instance_id"], registry=registry).labels("own", "lost").set(1)
    assert b'g{service="own",service_instance_id="host-pid-1",zone="{%s}"} 1.0\n' in page(registry, CONSTANT)


def test_a_value_that_utf8_cannot_say_does_not_cost_the_page() -> None:
    registry = CollectorRegistry()
    counter = Counter("c", "C.", ["a"], registry=registry)
    counter.labels("/caf\udce9").inc()
    counter.labels("/caf\udce9").inc()
    assert b'c_total{a="/caf?"} 2.0\n' in page(registry)
    counter.remove("/caf\udce9")
    assert b"caf" not in page(registry)


def test_slices_are_small_and_begin_again_where_the_last_ended() -> None:
    registry = CollectorRegistry()
    counter = Counter("c", "C.", ["a"], registry=registry)
    for number in range(1000):
        counter.labels(str(number)).inc()
    slices = list(TEXT.render(families(registry), NOTHING, ALLOWUTF8))
    assert max(part.count(b"\n") for part in slices) <= lines.SLICE_LINES
    assert b"".join(slices) == generate_latest(Page(registry, NOTHING))


Operation = Callable[[dict[str, Any], str], object]
OPERATIONS: dict[str, Operation] = {
    "count": lambda metrics, label: metrics["counter"].labels(label).inc(),
    "observe nothing": lambda metrics, label: metrics["histogram"].labels(label).observe(0.0),
    "observe": lambda metrics, label: metrics["histogram"].labels(label).observe(2.5),
    "sum": lambda metrics, label: metrics["summary"].labels(label).observe(1),
    "set": lambda metrics, label: metrics["gauge"].labels(label).set(-0.0),
    "reset": lambda metrics, label: metrics["counter"].labels(label).reset(),
    "remove": lambda metrics, label: metrics["counter"].remove(label),
    "clear": lambda metrics, _label: metrics["histogram"].clear(),
}


@given(steps=st.lists(st.tuples(st.sampled_from(sorted(OPERATIONS)), st.sampled_from("abc")), max_size=12))
def test_remembered_lines_are_never_stale(steps: list[tuple[str, str]]) -> None:
    registry = CollectorRegistry()
    metrics = {
        "counter": Counter("c", "C.", ["a"], registry=registry),
        "histogram": Histogram("h", "H.", ["a"], registry=registry),
        "summary": Summary("s", "S.", ["a"], registry=registry),
        "gauge": Gauge("g", "G.", ["a"], registry=registry),
    }
    for operation, label in steps:
        OPERATIONS[operation](metrics, label)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(lines, "REMEMBER", True)
            remembered = page(registry, CONSTANT)
        assert remembered == page(registry, CONSTANT)


def test_remembered_lines_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of the test above: a line that was tampered with shows until its series changes."""
    monkeypatch.setattr(lines, "REMEMBER", True)
    registry = CollectorRegistry()
    counter = Counter("c", "C.", ["a"], registry=registry)
    counter.labels("x").inc()
    page(registry)
    [remembered] = [kept for kept in counter._family.writers.values() if isinstance(kept, list)]
    remembered[0] = (*remembered[0][:2], "tampered\n")
    assert b"tampered" in page(registry)
    counter.labels("x").inc()
    assert b"tampered" not in page(registry)
