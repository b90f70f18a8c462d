"""What the checks of what surrounds a release make of evidence that is good but for one thing."""

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
    first,
    good,
    last,
    less,
    seen,
)
from promotion_gate.checks.check import Subject
from promotion_gate.evidence import Connection, Missing, RuleState, ScrapeTarget

TARGET, ALERTS, REACH = "prometheus-target", "alerts-quiet", "network-reach"


def another_target(pod: str) -> Change:
    """Prometheus has one target more, of this pod."""

    def change(subject: Subject) -> Subject:
        targets = subject.evidence.scrape_targets
        assert not isinstance(targets, Missing)
        added = replace(targets[0], pod=pod, url=f"http://headless/{pod}")
        return seen(scrape_targets=(*targets, added))(subject)

    return change


def fires(seconds: float) -> Change:
    """An alert fires whose condition has held since so long after the pods were created."""

    def change(subject: Subject) -> Subject:
        pods = subject.evidence.pods
        assert not isinstance(pods, Missing)
        assert pods[0].created_at is not None
        since = pods[0].created_at + timedelta(seconds=seconds)
        return first("rules", state="firing", says="is slow", active_since=since)(subject)

    return change


QUIET = RuleState("ServiceSlow", "alerting", "ok", state="inactive")
RECORDED = RuleState("service:requests:rate5m", "recording", "ok")
ALLOWED = Connection("prometheus", "demo:8080", allowed=True, reached=True)
FORBIDDEN = Connection("a stranger", "demo:8080", allowed=False, reached=False)
REJECTED = ScrapeTarget("demo-0", "http://demo-0/metrics", "up", "", 300, 290, 0)
# fmt: off
ROWS = [
    Row(TARGET, "good", good, PASS, "2 targets up, one for each pod; all of 580 samples stored"),
    Row(TARGET, "a pod that is not scraped", less("scrape_targets"), FAIL, "targets of demo-1: 0"),
    Row(TARGET, "none at all", seen(scrape_targets=()), FAIL, "targets of demo-0: 0"),
    Row(TARGET, "a pod that is scraped twice", another_target("demo-0"), FAIL, "targets of demo-0: 2 (http://demo-0/metrics, http://headless"),
    Row(TARGET, "down", first("scrape_targets", health="down", last_error="connection refused"), FAIL, "down, connection refused"),
    Row(TARGET, "up, with an error", first("scrape_targets", last_error="sample limit exceeded"), FAIL, "sample limit exceeded"),
    Row(TARGET, "not scraped yet", first("scrape_targets", health="unknown"), INCONCLUSIVE, "not scraped yet"),
    Row(TARGET, "one sample rejected", first("scrape_targets", series_stored=289), FAIL, "289 stored"),
    Row(TARGET, "all of them", seen(scrape_targets=(REJECTED, REJECTED)), FAIL, "0 stored"),
    Row(TARGET, "an empty page", first("scrape_targets", samples_scraped=0, samples_kept=0, series_stored=0), FAIL, "0 samples"),
    Row(TARGET, "all dropped by relabelling", first("scrape_targets", samples_kept=0, series_stored=0), FAIL, "300 dropped"),
    Row(TARGET, "none dropped", first("scrape_targets", samples_scraped=290), PASS, "2 targets up"),
    Row(TARGET, "more stored than scraped", first("scrape_targets", series_stored=291), INCONCLUSIVE, "more than were scraped"),
    Row(TARGET, "a page of a pod that is gone", another_target("demo-9"), INCONCLUSIVE, "a page of demo-9, up"),
    Row(TARGET, "and one that is down besides", both(another_target("demo-9"), first("scrape_targets", health="down")), FAIL, "down"),
    Row(TARGET, "one of two pods seen", both(less("pods"), less("scrape_targets")), INCONCLUSIVE, "pods seen: 1"),
    Row(TARGET, "no pods", seen(pods=()), INCONCLUSIVE, "returned nothing"),
    Row(TARGET, "pods missing", seen(pods=GONE), INCONCLUSIVE, "it rained"),
    Row(TARGET, "missing", seen(scrape_targets=GONE), INCONCLUSIVE, "it rained"),
    Row(ALERTS, "good", good, PASS, "2 alerts quiet, 3 rules evaluated"),
    Row(ALERTS, "of a consumer", good, PASS, "2 alerts quiet", "push"),
    Row(ALERTS, "one fires", first("rules", state="firing", says="is slow"), FAIL, "firing: is slow"),
    Row(ALERTS, "and which", first("rules", state="firing"), FAIL, "firing: ServiceSlow"),
    Row(ALERTS, "one fires since before", fires(-1), INCONCLUSIVE, "firing: is slow, since before its pods were created (10:37:06 UTC)"),
    Row(ALERTS, "since its first pod", fires(0), FAIL, "firing: is slow"),
    Row(ALERTS, "since before, and pods of unknown age", both(fires(-1), first("pods", created_at=None)), FAIL, "firing: is slow"),
    Row(ALERTS, "since before, and no pods", both(fires(-1), seen(pods=GONE)), FAIL, "firing: is slow"),
    Row(ALERTS, "one since before, one new", both(fires(-1), last("rules", kind="alerting", state="firing")), FAIL, "firing since before"),
    Row(ALERTS, "one is pending", first("rules", state="pending", says="is slow"), INCONCLUSIVE, "pending: ServiceSlow"),
    Row(ALERTS, "one pending, one firing", seen(rules=(replace(QUIET, state="pending"), replace(QUIET, state="firing"))), FAIL, "firing"),
    Row(ALERTS, "an alert of no state", first("rules", state=""), INCONCLUSIVE, "of no known state"),
    Row(ALERTS, "a rule that cannot be evaluated", first("rules", health="err", last_error="matches many"), FAIL, "err: matches many"),
    Row(ALERTS, "a recording rule that cannot", seen(rules=(QUIET, replace(RECORDED, health="err"))), FAIL, "not evaluated: service:"),
    Row(ALERTS, "a rule not evaluated yet", first("rules", health="unknown"), INCONCLUSIVE, "health unknown"),
    Row(ALERTS, "recording rules only", seen(rules=(RECORDED,)), INCONCLUSIVE, "1 rule and no alert among them"),
    Row(ALERTS, "no rules", seen(rules=()), INCONCLUSIVE, "returned nothing"),
    Row(ALERTS, "missing", seen(rules=GONE), INCONCLUSIVE, "it rained"),
    Row(REACH, "good", good, PASS, "1 of 1 allowed connections made, 1 of 1 forbidden ones refused"),
    Row(REACH, "of a consumer", good, PASS, "1 of 1 allowed", "push"),
    Row(REACH, "Prometheus cannot", first("connections", reached=False), FAIL, "prometheus to demo:8080: not connected"),
    Row(REACH, "a stranger can", seen(connections=(ALLOWED, replace(FORBIDDEN, reached=True))), FAIL, "1 of 1 forbidden ones made"),
    Row(REACH, "no control that is forbidden", seen(connections=(ALLOWED,)), INCONCLUSIVE, "attempts that are forbidden: 0"),
    Row(REACH, "no control that is allowed", seen(connections=(FORBIDDEN,)), INCONCLUSIVE, "attempts that are allowed: 0"),
    Row(REACH, "a leak without the other control", seen(connections=(replace(FORBIDDEN, reached=True),)), FAIL, "connected"),
    Row(REACH, "no attempts", seen(connections=()), INCONCLUSIVE, "returned nothing"),
    Row(REACH, "missing", seen(connections=GONE), INCONCLUSIVE, "it rained"),
]
# fmt: on


@pytest.mark.parametrize("row", ROWS, ids=[f"{row.check}: {row.what} ({row.role})" for row in ROWS])
def test_it_concludes(row: Row, subjects: Mapping[str, Subject]) -> None:
    assert_concludes(row, subjects)
