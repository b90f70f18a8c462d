"""Work that is logged while the metrics are read may be counted or not; work logged before or after may not be wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from promotion_gate.checks.check import Subject
from promotion_gate.checks.worker_series import CHECK
from promotion_gate.evidence import LogLine, MetricsPage, Missing, PodLog
from promotion_gate.verdict import Outcome


def spoiled(subject: Subject, seconds: float, lines: int, reading: float) -> Subject:
    """More lines in the first pod's log, `seconds` after its metrics were taken, which took `reading` seconds to arrive."""
    pages, logs = subject.evidence.pages, subject.evidence.logs
    assert not isinstance(pages, Missing)
    assert not isinstance(logs, Missing)
    slow: tuple[MetricsPage, ...] = tuple(
        replace(p, received_at=p.taken_at + timedelta(seconds=reading)) for p in pages
    )
    late = [LogLine("late", pages[0].taken_at + timedelta(seconds=seconds), 200)] * lines
    first = PodLog(logs[0].pod, (*logs[0].lines, *late))
    return replace(subject, evidence=replace(subject.evidence, pages=slow, logs=(first, *logs[1:])))


@pytest.mark.parametrize(
    ("seconds", "reading", "counted", "outcome"),
    [
        (60, 0, 0, Outcome.PASS),  # logged long after: must not be counted
        (60, 0, 5, Outcome.FAIL),
        (-60, 0, 0, Outcome.FAIL),  # logged long before: must be counted
        (-60, 0, 5, Outcome.PASS),
        (2, 3, 0, Outcome.PASS),  # logged while the page was read: either
        (2, 3, 5, Outcome.PASS),
        (2, 0, 5, Outcome.FAIL),
    ],
)
def test_the_sum_is_held_against_the_log(
    seconds: float, reading: float, counted: int, outcome: Outcome, push: Subject
) -> None:
    pages = push.evidence.pages
    assert not isinstance(pages, Missing)
    counter = push.contract.work_counter
    families = tuple(
        replace(f, samples=(replace(f.samples[0], value=f.samples[0].value + counted), *f.samples[1:]))
        if f.name == counter
        else f
        for f in pages[0].families
    )
    more = replace(push.evidence, pages=(replace(pages[0], families=families), *pages[1:]))
    subject = spoiled(replace(push, evidence=more), seconds, 5, reading)
    assert CHECK.run(subject).finding.outcome is outcome
