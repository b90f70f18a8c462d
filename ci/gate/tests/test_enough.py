"""A PASS that rests on less than the promotion policy asks for is none."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ci.gate.tests.changes import GONE, Change, both, good, seen
from ci.gate.tests.conftest import TAKEN
from promotion_gate.checks.check import Check, Subject, conclude, observe, unproved
from promotion_gate.evidence import LogLine, PodLog, Traffic, Window
from promotion_gate.policy import Requirement
from promotion_gate.verdict import Finding, Outcome

PASS, FAIL, INCONCLUSIVE = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE


def check(finding: Finding) -> Check:
    return Check("a-check", "Title", "Question?", ("pods", "logs"), lambda _: finding)


GOOD = conclude([observe("a", 1, 1, ok=True)], good="all is well", bad="", remedy="")
BAD = conclude([observe("a", 0, 1, ok=False)], good="", bad="it is bad", remedy="Mend it.")
OPEN = conclude([unproved("a", 0, 1)], good="", bad="nobody knows", remedy="Look again.")


def watched(seconds: float, *interruptions: str) -> Change:
    return seen(window=Window(TAKEN, TAKEN + timedelta(seconds=seconds), interruptions))


def answers(count: int) -> Change:
    return seen(traffic=Traffic(200, {200: count}, 200 - count))


def lines(*statuses: int | None) -> Change:
    return seen(logs=(PodLog("demo-0", tuple(LogLine("x", TAKEN, status) for status in statuses)),))


LONG, MUCH = Requirement(seconds=30), Requirement(work={"http-api": 100, "amqp-consumer": 10})
BOTH = Requirement(seconds=30, work={"http-api": 100})
# fmt: off
ROWS = [
    ("nothing asked for", "pull", Requirement(), seen(window=GONE, traffic=GONE), PASS, "all is well"),
    ("long enough", "pull", LONG, watched(30), PASS, "all is well"),
    ("too short", "pull", LONG, watched(29.9), INCONCLUSIVE, "30 s without an interruption"),
    ("how long it was", "pull", LONG, watched(12), INCONCLUSIVE, "too little was seen to say so (12 s): all is well"),
    ("interrupted, and long enough since", "pull", LONG, watched(30, "demo-0 was restarted"), PASS, "all is well"),
    ("interrupted", "pull", LONG, watched(12, "demo-1 is new", "demo-0 was restarted"), INCONCLUSIVE,
        "12 s; begun again: demo-0 was restarted"),
    ("not watched", "pull", LONG, seen(window=GONE), INCONCLUSIVE, "too little was seen to say so (0 s)"),
    ("a clock that was set back", "pull", LONG, watched(-3600), INCONCLUSIVE, "too little was seen"),
    ("enough answers", "pull", MUCH, answers(100), PASS, "all is well"),
    ("one too few", "pull", MUCH, answers(99), INCONCLUSIVE, "too little was seen to say so (99 units)"),
    ("none sent", "pull", MUCH, seen(traffic=GONE), INCONCLUSIVE, "0 units"),
    ("lines do not count for an API", "pull", MUCH, both(answers(99), lines(*[200] * 500)), INCONCLUSIVE, "99 units"),
    ("enough lines", "push", MUCH, lines(*[200] * 10), PASS, "all is well"),
    ("lines without a status", "push", MUCH, lines(*[200] * 9, None, None), INCONCLUSIVE, "9 units"),
    ("no logs", "push", MUCH, seen(logs=GONE), INCONCLUSIVE, "0 units"),
    ("a role that is not named", "push", BOTH, both(watched(30), seen(logs=GONE)), PASS, "all is well"),
    ("both too little", "pull", BOTH, both(watched(1), answers(1)), INCONCLUSIVE, "(1 s, 1 unit)"),
    ("one of them", "pull", BOTH, both(watched(30), answers(1)), INCONCLUSIVE, "(1 unit)"),
]
# fmt: on


@pytest.mark.parametrize(("what", "role", "needs", "change", "outcome", "says"), ROWS, ids=[row[0] for row in ROWS])
def test_a_pass_counts_if_enough_was_seen(
    what: str, role: str, needs: Requirement, change: Change, outcome: Outcome, says: str, pull: Subject, push: Subject
) -> None:
    finding = check(GOOD).run(change(pull if role == "pull" else push), needs).finding
    said = [finding.summary, *(f"{o.observed} {o.expected}" for o in finding.observations)]
    assert finding.outcome is outcome, what
    assert any(says in text for text in said), said
    assert GOOD.observations[0] in finding.observations
    assert bool(finding.remedy) == (outcome is not PASS)


@pytest.mark.parametrize("finding", [BAD, OPEN], ids=["FAIL", "INCONCLUSIVE"])
@pytest.mark.parametrize(
    "change", [good, both(watched(1), answers(1)), seen(window=GONE)], ids=["much", "little", "none"]
)
def test_what_is_no_pass_stays_as_it_is(finding: Finding, change: Change, pull: Subject) -> None:
    assert check(finding).run(change(pull), BOTH).finding == finding


def test_the_record_says_when_the_last_of_what_it_reads_was_looked_at(pull: Subject) -> None:
    at = [datetime(2025, 11, 21, 10, minute, tzinfo=UTC) for minute in range(3)]
    moments = {"pods": at[1], "logs": at[0], "memory": at[2]}
    record = check(GOOD).run(replace(pull, evidence=replace(pull.evidence, moments=moments)))
    assert record.asked_at == at[1]
    assert record.question == "Question?"
    assert check(GOOD).run(replace(pull, evidence=replace(pull.evidence, moments={}))).asked_at is None


def test_a_check_that_raises_does_not_pass_however_much_was_seen(pull: Subject) -> None:
    def broken(_: Subject) -> Finding:
        raise KeyError("oops")

    finding = replace(check(GOOD), assess=broken).run(pull, BOTH).finding
    assert finding.outcome is INCONCLUSIVE
    assert "the check itself failed: KeyError: 'oops'" in finding.summary
