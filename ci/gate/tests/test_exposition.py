"""A page is read as it was written, or not at all: wherever it is cut, no check is content with the rest."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from promotion_gate.checks import metrics_contract
from promotion_gate.checks.check import Subject
from promotion_gate.contract import contract_for
from promotion_gate.evidence import MetricsPage, Missing, Sample
from promotion_gate.exposition import ExpositionError, parse_page
from promotion_gate.plan import MetricSpec, Plan
from promotion_gate.verdict import Outcome


def test_a_real_page(real_page: bytes) -> None:
    families = {family.name: family for family in parse_page(real_page.decode())}
    work = families["http_requests_total"]
    assert work.type == "counter"
    assert [sample.value for sample in work.samples] == [44, 43, 17, 16]
    assert work.samples[1].labels["handler"] == "/items/{item_id}"
    assert families["process_resident_memory_bytes"].type == "gauge"
    assert families["process_cpu_seconds_total"].samples[0].value == 0.33999999999999997
    duration = families["http_request_duration_seconds"]
    assert (duration.type, len(duration.samples)) == ("histogram", 4 * 9)
    assert {s.labels["le"] for s in duration.samples if "le" in s.labels} >= {"0.05", "+Inf"}
    assert families["http_request_size_bytes"].type == "summary"
    assert len(families) == sum(line.startswith(b"# TYPE") for line in real_page.splitlines())


def test_a_real_page_cut_at_any_byte_never_passes(real_page: bytes, pull: Subject) -> None:
    plan = Plan(metrics={"items_served_total": MetricSpec(type="counter", labels=frozenset({"kind"}))})
    assert not isinstance(pull.evidence.pages, Missing)
    page = replace(pull.evidence.pages[0], pod="aaa-api-0", families=())

    def judged(cut: MetricsPage) -> Outcome:
        workload = replace(pull.workload, replicas=1)
        evidence = replace(pull.evidence, pages=(cut,))
        return metrics_contract.CHECK.run(Subject(workload, contract_for(workload, plan), evidence)).finding.outcome

    whole = parse_page(real_page.decode())
    assert judged(replace(page, families=whole)) is Outcome.PASS
    values = {(s.name, *sorted(s.labels.items())): s.value for family in whole for s in family.samples}
    read = 0
    for end in range(len(real_page)):
        try:
            families = parse_page(real_page[:end].decode())
        except ExpositionError:
            continue
        read += 1
        assert judged(replace(page, families=families)) is not Outcome.PASS, real_page[max(0, end - 200) : end]
        for family in families:
            assert all(values[s.name, *sorted(s.labels.items())] == s.value for s in family.samples)
    assert read == real_page.count(b"\n") - 1  # nothing but a cut between two lines can be read


@given(text=st.text(st.sampled_from('# TYPEHLcounterx_l{}",=\\\t+-.0123eInfNa\n'), max_size=80).map(lambda t: t + "\n"))
@example(text='x{a="b"\n')
@example(text="x{\n")
@example(text="# TYPE\n")
@example(text="# TYPE x\n")
@example(text="# HELP\n")
@example(text='x{a="\\\n')
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(ExpositionError):
        assert all(family.name for family in parse_page(text))


@given(text=st.text())
def test_without_a_line_feed_at_its_end_it_is_refused(text: str) -> None:
    with pytest.raises(ExpositionError, match=r"cut off|empty"):
        parse_page(text.rstrip("\n"))


LABEL = st.text(st.characters(exclude_categories=["Cs"]))
NUMBER = st.floats(min_value=0, allow_infinity=False)


@given(label=LABEL, count=NUMBER, level=st.floats(allow_nan=False), seen=st.floats(0, 10))
def test_what_prometheus_client_writes_is_read_back(label: str, count: float, level: float, seen: float) -> None:
    registry = CollectorRegistry()
    Counter("done", "Help \\ with\nlines", ["kind"], registry=registry).labels(label).inc(count)
    Gauge("level", "", registry=registry).set(level)
    Histogram("spent", "", buckets=(1, 2.5), registry=registry).observe(seen)
    families = {family.name: family for family in parse_page(generate_latest(registry).decode())}
    assert families["done_total"].samples == (Sample("done_total", {"kind": label}, count),)
    assert families["level"].samples == (Sample("level", {}, level),)
    assert [s.value for s in families["spent"].samples] == [seen <= 1, seen <= 2.5, 1, 1, seen]
    assert {family.type for family in families.values()} == {"counter", "gauge", "histogram"}


@pytest.mark.parametrize("text", ["", "\n", "  \n \n"])
def test_an_empty_page(text: str) -> None:
    with pytest.raises(ExpositionError, match="the page is empty"):
        parse_page(text)


@pytest.mark.parametrize(
    "text", ["<html>Sign in</html>\n", '{"detail":"Not Found"}\n', "x\n", "x{a=1} 2\n", 'x{a="1",a="2"} 3\n', "x 1 y\n"]
)
def test_what_is_no_page(text: str) -> None:
    with pytest.raises(ExpositionError, match="does not parse"):
        parse_page(text)


def test_a_counter_has_the_name_that_the_page_gives_it() -> None:
    (named,) = parse_page("# TYPE done_total counter\ndone_total 5\n")
    (short,) = parse_page("# TYPE done counter\ndone 5\n")
    (empty,) = parse_page("# TYPE done_total counter\n")
    assert (named.name, short.name, empty.name) == ("done_total", "done", "done_total")


def test_special_values() -> None:
    (family,) = parse_page("# TYPE x gauge\nx 1\nx 1e3\nx +Inf\nx -Inf\nx NaN\n")
    *numbers, nan = (sample.value for sample in family.samples)
    assert numbers == [1, 1000, math.inf, -math.inf]
    assert math.isnan(nan)


def test_a_name_in_two_places_stays_two_families() -> None:
    assert [family.name for family in parse_page("a 1\nb 2\na 3\n")] == ["a", "b", "a"]
