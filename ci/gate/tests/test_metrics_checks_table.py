"""What each check of metrics makes of pages that are good but for one thing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

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
from ci.gate.tests.page_changes import (
    beside,
    change_label,
    drop,
    families,
    family,
    no_sample,
    relabel,
    revalue,
    same_names_in_both_pods,
    samples,
    unreadable,
)
from promotion_gate.checks.check import Subject
from promotion_gate.evidence import INSTANCE_LABEL, LogLine, Missing, PodLog, Sample, Traffic
from promotion_gate.workload import EnvVar

CONTRACT, WORKERS, LABELS = "metrics-contract", "worker-series", "forbidden-labels"


def earlier_push(subject: Subject) -> Subject:
    """The first worker pushed before, and the receiver kept that too."""
    assert not isinstance(subject.evidence.pages, Missing)
    last = subject.evidence.pages[0]
    less = (replace(f, samples=tuple(replace(s, value=1) for s in f.samples)) for f in last.families)
    pushed = replace(last, taken_at=last.taken_at - timedelta(seconds=15), families=tuple(less))
    return seen(pages=(*subject.evidence.pages, pushed))(subject)


def work_logged(*seconds: float | None) -> Change:
    """The first pod of the consumer logged work at each of these times, from when its metrics were taken; None is no time."""

    def change(subject: Subject) -> Subject:
        assert not isinstance(subject.evidence.logs, Missing)
        assert not isinstance(subject.evidence.pages, Missing)
        taken, (head, *rest) = subject.evidence.pages[0].taken_at, subject.evidence.logs
        times = (None if second is None else taken + timedelta(seconds=second) for second in seconds)
        logged = tuple(LogLine("work", time, 200) for time in times)
        return seen(logs=(PodLog(head.pod, (*head.lines, *logged)), *rest))(subject)

    return change


def one_bucket_less(sample: Sample) -> Sample | None:
    return None if (sample.labels.get("le"), sample.labels[ME]) == ("0.3", "demo-0-pid-2") else sample


COUNTER, HISTOGRAM = "http_requests_total", "http_request_duration_seconds"
SUMMARY, GAUGE, ME = "http_request_size_bytes", "http_requests_in_progress", INSTANCE_LABEL
UNREADY = first("pods", ready=False, reason="not ready: GET /health/ready answers 503")
ONE_WORKER = samples("", change_label(ME, "demo-0-pid-2", None))
LAST_WORKER_LEFT_OUT = change_label(ME, "demo-1-pid-2", None)
ANOTHER_WORKER = samples("", change_label(ME, "demo-0-pid-2", "demo-0-pid-9"))
# fmt: off
ROWS = [
    Row(CONTRACT, "good", good, PASS, "12 required families on 4 pages of 2 pods"),
    Row(CONTRACT, "of a consumer", good, PASS, "10 required families on 2 pages of 2 pods", "push"),
    Row(CONTRACT, "status 500", first("pages", status=500, families=()), FAIL, "status 500"),
    Row(CONTRACT, "the body of an error is not judged", first("pages", status=500, families=()), FAIL, "1 of 16 observations"),
    Row(CONTRACT, "status 204", first("pages", status=204), FAIL, "status 204"),
    Row(CONTRACT, "no answer", unreadable("refused", 0), FAIL, "refused"),
    Row(CONTRACT, "no answer, not ready", both(UNREADY, unreadable("refused", 0)), INCONCLUSIVE, "the pod is not Ready"),
    Row(CONTRACT, "cut off", unreadable(), INCONCLUSIVE, "the page is cut off"),
    Row(CONTRACT, "one pod's pages", less("pages"), INCONCLUSIVE, "pods with metrics: 1"),
    Row(CONTRACT, "a page of nothing", first("pages", families=()), FAIL, "missing on"),
    Row(CONTRACT, "a family missing on the last page", families(drop(COUNTER), page=3), FAIL, f"{COUNTER}: missing"),
    Row(CONTRACT, "a family of the service's own missing", families(drop("items_total")), FAIL, "items_total: missing"),
    Row(CONTRACT, "a family twice", families(lambda f: [f] * (1 + (f.name == COUNTER))), FAIL, "2 families"),
    Row(CONTRACT, "another type", families(family(COUNTER, type="gauge")), FAIL, "type gauge"),
    Row(CONTRACT, "no series", families(family(COUNTER, samples=())), FAIL, "no series"),
    Row(CONTRACT, "a label too few", families(samples(COUNTER, relabel(status=None))), FAIL, "label status missing"),
    Row(CONTRACT, "a label too many", families(samples(COUNTER, relabel(path="/x"))), FAIL, "label path not declared"),
    Row(CONTRACT, "no custom label", families(samples(GAUGE, relabel(service=None))), FAIL, "label service missing"),
    Row(CONTRACT, "no identity", families(samples(COUNTER, relabel(**{ME: None}))), FAIL, f"label {ME} missing"),
    Row(CONTRACT, "a quantile of a gauge", families(samples(GAUGE, relabel(quantile="1"))), FAIL, "quantile not declared"),
    Row(CONTRACT, "a bucket of a gauge", families(samples(GAUGE, relabel(le="1"))), FAIL, "le not declared"),
    Row(CONTRACT, "a forbidden label is another check's", families(samples(COUNTER, relabel(user_id="7"))), PASS, "12 required"),
    Row(CONTRACT, "a bucket too few", families(samples(HISTOGRAM, change_label("le", "0.3", None))), FAIL, "buckets 0.05 0.1 1 3 5 +Inf"),
    Row(CONTRACT, "a bucket too many", families(beside(HISTOGRAM, f"{HISTOGRAM}_bucket", le="2.5")), FAIL, "0.3 1 2.5 3 5 +Inf"),
    Row(CONTRACT, "another bucket", families(samples(HISTOGRAM, change_label("le", "3.0", "2.5"))), FAIL, "0.3 1 2.5 5 +Inf"),
    Row(CONTRACT, "no last bucket", families(samples(HISTOGRAM, change_label("le", "+Inf", None))), FAIL, "0.3 1 3 5 on"),
    Row(CONTRACT, "no buckets", families(samples(HISTOGRAM, no_sample(f"{HISTOGRAM}_bucket"))), FAIL, "buckets none"),
    Row(CONTRACT, "a bucket of one series too few", families(samples(HISTOGRAM, one_bucket_less)), FAIL, "buckets 0.05 0.1 1 3 5 +Inf"),
    Row(CONTRACT, "no sum", families(samples(HISTOGRAM, no_sample(f"{HISTOGRAM}_sum"))), FAIL, "without _sum"),
    Row(CONTRACT, "no count", families(samples(SUMMARY, no_sample(f"{SUMMARY}_count"))), FAIL, "without _count"),
    Row(CONTRACT, "a summary with quantiles", families(beside(SUMMARY, SUMMARY, quantile="0.5")), PASS, "12 required"),
    Row(CONTRACT, "a summary as a histogram", families(family(SUMMARY, type="histogram")), FAIL, "type histogram"),
    Row(CONTRACT, "a worker's gauge missing", families(samples(GAUGE, LAST_WORKER_LEFT_OUT)), FAIL, "no series of demo-1-pid-2"),
    Row(CONTRACT, "a worker's counter missing, as it had no work", families(samples(COUNTER, LAST_WORKER_LEFT_OUT)), PASS, "12 required"),
    Row(CONTRACT, "missing", seen(pages=GONE), INCONCLUSIVE, "it rained"),
    Row(CONTRACT, "empty", seen(pages=()), INCONCLUSIVE, "returned nothing"),
    Row(WORKERS, "good", good, PASS, "4 workers in 2 pods, a series each; sum 60 for 60 requests answered"),
    Row(WORKERS, "of a consumer", good, PASS, "2 workers in 2 pods, a series each; sum 60 for 60 units", "push"),
    Row(WORKERS, "a worker too few", declared(env=(EnvVar("WEB_CONCURRENCY", "3"),)), FAIL, "workers of demo-0: 2, 2 on 2 pages"),
    Row(WORKERS, "a push too few", declared(env=(EnvVar("WEB_CONCURRENCY", "2"),)), FAIL, "workers of demo-0: 1 pushed", "push"),
    Row(WORKERS, "a worker that never shows", families(ONE_WORKER), FAIL, "1, 1 on 2 pages"),
    Row(WORKERS, "a page of one worker only", families(ONE_WORKER, page=0), FAIL, "1, 2 on 2 pages"),
    Row(WORKERS, "another worker from page to page", families(ANOTHER_WORKER, page=0), FAIL, "workers of demo-0: 2, 2 on 2 pages"),
    Row(WORKERS, "both pods say they are one", families(samples("", same_names_in_both_pods)), FAIL, "2, 2 shared by two pods"),
    Row(WORKERS, "no identity", families(samples("", relabel(**{ME: None}))), FAIL, "0 workers seen"),
    Row(WORKERS, "an empty identity", families(samples("", relabel(**{ME: ""}))), FAIL, "0 workers seen", "push"),
    Row(WORKERS, "one count too few", families(samples(COUNTER, revalue(20, 19)), page=3), FAIL, "sum 59 for 60"),
    Row(WORKERS, "one count too many", families(samples(COUNTER, revalue(20, 21)), page=3), FAIL, "sum 61 for 60"),
    Row(WORKERS, "not a number", families(samples(COUNTER, revalue(20, float("nan")))), FAIL, "sum nan"),
    Row(WORKERS, "no counter", families(drop(COUNTER)), FAIL, "sum 0 for 60"),
    Row(WORKERS, "an older page's count does not matter", families(samples(COUNTER, revalue(20, 1)), page=0), PASS, "sum 60"),
    Row(WORKERS, "nor does a sample beside the counter", families(beside(COUNTER, "http_requests_created")), PASS, "sum 60"),
    Row(WORKERS, "some unanswered", seen(traffic=Traffic(64, {200: 60}, 4)), PASS, "60 to 64"),
    Row(WORKERS, "answers of all statuses count", seen(traffic=Traffic(60, {200: 50, 404: 10})), PASS, "sum 60 for 60"),
    Row(WORKERS, "more than was sent", seen(traffic=Traffic(59, {200: 58}, 1)), FAIL, "58 to 59"),
    Row(WORKERS, "no answers", seen(traffic=Traffic(60, {}, 60)), INCONCLUSIVE, "no request was answered"),
    Row(WORKERS, "no traffic", seen(traffic=GONE), INCONCLUSIVE, "no request was answered"),
    Row(WORKERS, "after a restart", first("pods", restarts=1), INCONCLUSIVE, "after a restart of demo-0"),
    Row(WORKERS, "others send too", seen(traffic=Traffic(50, {200: 50}, exclusive=False)), PASS, "sum 60 for 50 or more requests"),
    Row(WORKERS, "nobody else does", seen(traffic=Traffic(50, {200: 50})), FAIL, "sum 60 for 50 requests"),
    Row(WORKERS, "others do, and less was counted", seen(traffic=Traffic(61, {200: 61}, exclusive=False)), FAIL, "61 or more"),
    Row(WORKERS, "others do, nobody answers us", seen(traffic=Traffic(9, {}, 9, exclusive=False)), INCONCLUSIVE, "no request was answered"),
    Row(WORKERS, "one page cut off", unreadable(), INCONCLUSIVE, "the page is cut off"),
    Row(WORKERS, "one page refused", first("pages", families=(), status=503), INCONCLUSIVE, "status 503"),
    Row(WORKERS, "one pod's pages", both(less("pages"), seen(traffic=Traffic(30, {200: 30}))), INCONCLUSIVE, "pods with metrics: 1"),
    Row(WORKERS, "no logs", seen(logs=GONE), INCONCLUSIVE, "no logs", "push"),
    Row(WORKERS, "a line too many", work_logged(-1), FAIL, "sum 60 for 61 units", "push"),
    Row(WORKERS, "a line just before the page", work_logged(-0.4), PASS, "sum 60 for 60 to 61 units", "push"),
    Row(WORKERS, "a line just after it", work_logged(0.4), PASS, "sum 60 for 60 to 61 units", "push"),
    Row(WORKERS, "lines well after it", work_logged(1, 2, 3), PASS, "sum 60 for 60 units", "push"),
    Row(WORKERS, "a line without a time", work_logged(None), PASS, "sum 60 for 60 units", "push"),
    Row(WORKERS, "an earlier push", earlier_push, PASS, "sum 60", "push"),
    Row(WORKERS, "nothing logged", seen(logs=()), INCONCLUSIVE, "no work logged", "push"),
    Row(WORKERS, "missing", seen(pages=GONE), INCONCLUSIVE, "it rained"),
    Row(WORKERS, "pages of nothing", families(lambda _: []), INCONCLUSIVE, "no metrics"),
    Row(LABELS, "good", good, PASS, "none of request_id, trace_id, user_id"),
    Row(LABELS, "a user's id", families(samples(COUNTER, relabel(user_id="7")), page=3), FAIL, "label user_id on 2 series"),
    Row(LABELS, "a request's id", families(samples("items_total", relabel(request_id="7"))), FAIL, "forbidden labels: request_id"),
    Row(LABELS, "a trace's id", families(samples("items_total", relabel(trace_id="7"))), FAIL, "forbidden labels: trace_id"),
    Row(LABELS, "almost that name", families(samples("items_total", relabel(user_identity="7"))), PASS, "none of"),
    Row(LABELS, "one page cut off", unreadable(), INCONCLUSIVE, "the page is cut off"),
    Row(LABELS, "one page refused", first("pages", families=(), status=503), INCONCLUSIVE, "status 503"),
    Row(LABELS, "one pod's pages", less("pages"), INCONCLUSIVE, "pods with metrics: 1"),
    Row(LABELS, "pages of nothing", families(lambda _: []), INCONCLUSIVE, "no metrics"),
    Row(LABELS, "missing", seen(pages=GONE), INCONCLUSIVE, "it rained"),
]
# fmt: on


@pytest.mark.parametrize("row", ROWS, ids=[f"{row.check}: {row.what} ({row.role})" for row in ROWS])
def test_it_concludes(row: Row, subjects: Mapping[str, Subject]) -> None:
    assert_concludes(row, subjects)
