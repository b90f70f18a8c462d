"""What the checks of work, budgets, backends and kills make of evidence that is good but for one thing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from ci.gate.tests.changes import (
    FAIL,
    GONE,
    INCONCLUSIVE,
    PASS,
    Change,
    Row,
    assert_concludes,
    both,
    declared,
    first,
    good,
    less,
    seen,
)
from ci.gate.tests.page_changes import beside, drop, families, relabel, samples, unreadable
from promotion_gate.checks.check import Subject
from promotion_gate.evidence import INSTANCE_LABEL, Family, MemoryUse, Missing, Sample, Traffic
from promotion_gate.workload import EnvVar

OOM, ERRORS, BUDGET, PARITY = "oom-kills", "server-errors", "series-budget", "backend-parity"
COUNTER = "http_requests_total"
COMPARED, MISMATCHES = "service_metrics_shadow_comparisons_total", "service_metrics_shadow_mismatches_total"
DROPPED = "service_metrics_dropped_series_total"


def more(family: Family, page: int = 0) -> Change:
    """The page with that number has one family more."""

    def change(subject: Subject) -> Subject:
        assert not isinstance(subject.evidence.pages, Missing)
        pages = list(subject.evidence.pages)
        pages[page] = replace(pages[page], families=(*pages[page].families, family))
        return seen(pages=tuple(pages))(subject)

    return change


def counter(name: str, value: float, **labels: str) -> Family:
    """Of the first worker of the first pod."""
    return Family(name, "counter", (Sample(name, {INSTANCE_LABEL: "demo-0-pid-1", **labels}, value),))


def series(count: int, **labels: str) -> Family:
    """A family of so many series."""
    return Family("many", "gauge", tuple(Sample("many", {"nth": str(n), **labels}, n) for n in range(count)))


def budget(value: str | None) -> Change:
    """The chart sets another one for each worker; None is none."""

    def change(subject: Subject) -> Subject:
        others = tuple(var for var in subject.workload.env if var.name != "METRICS_SERIES_BUDGET")
        added = () if value is None else (EnvVar("METRICS_SERIES_BUDGET", value=value),)
        return declared(env=(*others, *added))(subject)

    return change


def counted(subject: Subject, instance: str) -> int:
    """The series of a worker on the first page of its pod; of all workers if the name is empty."""
    assert not isinstance(subject.evidence.pages, Missing)
    found = [s for family in subject.evidence.pages[0].families for s in family.samples]
    return sum(instance in s.labels[INSTANCE_LABEL] for s in found)


def filled(short_of: int) -> Change:
    """The first worker has its budget's series, but for so many."""

    def change(subject: Subject) -> Subject:
        missing = 200 - counted(subject, "demo-0-pid-1") - short_of
        return more(series(missing, **{INSTANCE_LABEL: "demo-0-pid-1"}))(subject)

    return change


def filled_pod(short_of: int) -> Change:
    """The first pod has the series of both its workers' budgets, but for so many; those added are of no worker."""
    return lambda subject: more(series(400 - counted(subject, "") - short_of))(subject)


def answered(**answers: int) -> Change:
    """Answers by status, e.g. `s500=1`; `none` is how many there were none for."""
    by_status = {int(name[1:]): count for name, count in answers.items() if name != "none"}
    silent = answers.get("none", 0)
    return seen(traffic=Traffic(sum(by_status.values()) + silent, by_status, silent))


def lost(subject: Subject) -> Subject:
    """A pod that is gone, two of whose processes were killed."""
    assert not isinstance(subject.evidence.memory, Missing)
    return seen(memory=(*subject.evidence.memory, MemoryUse("demo-7", ((0.0, 9),), oom_kills=2)))(subject)


OTHERS = {INSTANCE_LABEL: "demo-0-pid-2"}
# fmt: off
ROWS = [
    Row(OOM, "good", good, PASS, "0 processes killed for want of memory in 2 pods"),
    Row(OOM, "of a consumer", good, PASS, "0 processes killed", "push"),
    Row(OOM, "a container was", first("pods", restarts=1, reason="restarted: OOMKilled, exit code 137"), FAIL, "OOMKilled, exit code 137"),
    Row(OOM, "another reason", first("pods", restarts=1, reason="restarted: Error, exit code 1"), PASS, "0 processes killed"),
    Row(OOM, "a worker was, and nothing restarted", first("memory", oom_kills=1), FAIL, "1 process killed for want of memory"),
    Row(OOM, "a pod that is gone by now", lost, FAIL, "demo-7: 2 killed"),
    Row(OOM, "a pod that was not watched", first("memory", samples=()), INCONCLUSIVE, "demo-0: its memory was not watched"),
    Row(OOM, "one pod watched", less("memory"), INCONCLUSIVE, "demo-1: its memory was not watched"),
    Row(OOM, "killed, and one not watched", both(less("memory"), first("memory", oom_kills=1)), FAIL, "1 process killed"),
    Row(OOM, "one of two pods", less("pods"), INCONCLUSIVE, "pods seen: 1"),
    Row(OOM, "no pods", seen(pods=()), INCONCLUSIVE, "returned nothing"),
    Row(OOM, "no memory", seen(memory=()), INCONCLUSIVE, "returned nothing"),
    Row(OOM, "pods missing", seen(pods=GONE), INCONCLUSIVE, "it rained"),
    Row(OOM, "memory missing", seen(memory=GONE), INCONCLUSIVE, "it rained"),
    Row(ERRORS, "good", good, PASS, "0 of 60 answers to the gate with status 500 and above"),
    Row(ERRORS, "client errors", answered(s200=58, s404=1, s499=1), PASS, "0 of 60 answers"),
    Row(ERRORS, "one of sixty", answered(s200=59, s500=1), FAIL, "59 with 200, 1 with 500"),
    Row(ERRORS, "bad gateway", answered(s200=59, s502=1), FAIL, "1 of 60 answers"),
    Row(ERRORS, "no answer", answered(s200=59, none=1), FAIL, "requests without an answer: 1"),
    Row(ERRORS, "no answer at all", answered(none=60), FAIL, "60 requests unanswered"),
    Row(ERRORS, "somebody else got one", families(beside(COUNTER, COUNTER, status="503"), page=3), FAIL, "of demo-1: 10 with status 503"),
    Row(ERRORS, "grouped", families(beside(COUNTER, COUNTER, status="5xx"), page=0), FAIL, "with status 5xx"),
    Row(ERRORS, "a value that is none", more(counter(COUNTER, float("nan"), status="500")), FAIL, "with status 500"),
    Row(ERRORS, "a series of 0", more(counter(COUNTER, 0, status="500")), PASS, "0 counted by the pods"),
    Row(ERRORS, "another counter", more(counter("errors_total", 3, status="500")), PASS, "0 of 60"),
    Row(ERRORS, "nothing sent", seen(traffic=Traffic(0, {})), INCONCLUSIVE, "no requests"),
    Row(ERRORS, "no traffic", seen(traffic=GONE), INCONCLUSIVE, "it rained"),
    Row(ERRORS, "a consumer takes none", good, INCONCLUSIVE, "its work comes from a queue", "push"),
    Row(ERRORS, "no pages", seen(pages=GONE), INCONCLUSIVE, "it rained"),
    Row(ERRORS, "one page cut off", unreadable(), INCONCLUSIVE, "the page is cut off"),
    Row(ERRORS, "one pod's pages", less("pages"), INCONCLUSIVE, "pods with metrics: 1"),
    Row(BUDGET, "good", good, PASS, "of 400 series in the largest pod"),
    Row(BUDGET, "of a consumer", good, PASS, "of 200 series in the largest pod", "push"),
    Row(BUDGET, "a worker one short of its own", filled(1), PASS, "series in the largest pod"),
    Row(BUDGET, "a worker at its own", filled(0), FAIL, "200 of one worker"),
    Row(BUDGET, "a pod one short of its own", filled_pod(1), PASS, "399 of 400 series in the largest pod, 100% of its budget"),
    Row(BUDGET, "a pod at its own", filled_pod(0), FAIL, "400 of 400 series in the largest pod"),
    Row(BUDGET, "on another page of the pod", more(series(400), page=2), FAIL, "demo-0: "),
    Row(BUDGET, "a consumer at its own", more(series(200)), FAIL, "of 200 series in the largest pod", "push"),
    Row(BUDGET, "some were left out", more(counter(DROPPED, 7, family="items_total")), FAIL, "items_total: 7 label values left out"),
    Row(BUDGET, "none was", more(counter(DROPPED, 0, family="items_total")), PASS, "series in the largest pod"),
    Row(BUDGET, "a series for all the others", families(samples("items_total", relabel(kind="_overflow"))), FAIL, "left out: items_total"),
    Row(BUDGET, "no budget", budget(None), FAIL, "the chart sets no budget for series"),
    Row(BUDGET, "a budget of 0", budget("0"), FAIL, "METRICS_SERIES_BUDGET is '0', no budget"),
    Row(BUDGET, "a budget of words", budget("many"), FAIL, "METRICS_SERIES_BUDGET is 'many', no budget"),
    Row(BUDGET, "one page cut off", unreadable(), INCONCLUSIVE, "the page is cut off"),
    Row(BUDGET, "one pod's pages", less("pages"), INCONCLUSIVE, "pods with metrics: 1"),
    Row(BUDGET, "pages of nothing", families(lambda _: []), INCONCLUSIVE, "no metrics"),
    Row(BUDGET, "missing", seen(pages=GONE), INCONCLUSIVE, "it rained"),
    Row(PARITY, "good", good, PASS, "160 comparisons in 4 workers, no difference", "shadow"),
    Row(PARITY, "one differs", more(counter(MISMATCHES, 1, family="x"), page=2), FAIL, "x of demo-0-pid-1: 1 differ", "shadow"),
    Row(PARITY, "one that is no number", more(counter(MISMATCHES, float("nan"), family="x")), FAIL, "nan differ", "shadow"),
    Row(PARITY, "none differs", more(counter(MISMATCHES, 0, family="x")), PASS, "no difference", "shadow"),
    Row(PARITY, "nothing compared", families(drop(COMPARED)), INCONCLUSIVE, "demo-1-pid-2 (demo-1): no comparison", "shadow"),
    Row(PARITY, "nothing yet", families(samples(COMPARED, lambda s: replace(s, value=0))), INCONCLUSIVE, "0 comparisons", "shadow"),
    Row(PARITY, "not in one worker", families(samples(COMPARED, lambda s: None if OTHERS.items() <= s.labels.items() else s)),
        INCONCLUSIVE, "demo-0-pid-2 (demo-0): no comparison", "shadow"),
    Row(PARITY, "a worker without any metrics", families(samples("", lambda s: None if OTHERS.items() <= s.labels.items() else s)),
        INCONCLUSIVE, "workers with metrics: 3", "shadow"),
    Row(PARITY, "another backend", good, INCONCLUSIVE, "PROMETHEUS_BACKEND is 'otel'"),
    Row(PARITY, "one page cut off", unreadable(), INCONCLUSIVE, "the page is cut off", "shadow"),
    Row(PARITY, "one pod's pages", less("pages"), INCONCLUSIVE, "pods with metrics: 1", "shadow"),
    Row(PARITY, "missing", seen(pages=GONE), INCONCLUSIVE, "it rained", "shadow"),
]
# fmt: on


@pytest.mark.parametrize("row", ROWS, ids=[f"{row.check}: {row.what} ({row.role})" for row in ROWS])
def test_it_concludes(row: Row, subjects: Mapping[str, Subject]) -> None:
    assert_concludes(row, subjects)
