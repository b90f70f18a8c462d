"""Changes to good evidence: each row of a table spoils one thing, and says what the check has to conclude."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from promotion_gate import checks
from promotion_gate.checks.check import Subject
from promotion_gate.evidence import Missing
from promotion_gate.verdict import Outcome

PASS, FAIL, INCONCLUSIVE = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE
GONE = Missing("it rained")
CHECKS = {check.id: check for check in checks.ALL}

Change = Callable[[Subject], Subject]


@dataclass(frozen=True)
class Row:
    """What is changed in good evidence, and what the check has to say to it."""

    check: str
    what: str
    change: Change
    outcome: Outcome
    says: str
    """Must be in the summary, the remedy or an observation that is not PASS."""
    role: str = "pull"
    """Which good evidence is changed: pull, push or shadow."""


def seen(**parts: Any) -> Change:
    """Evidence with other parts."""
    return lambda subject: replace(subject, evidence=replace(subject.evidence, **parts))


def declared(**fields: Any) -> Change:
    """A workload with other fields."""
    return lambda subject: replace(subject, workload=replace(subject.workload, **fields))


def both(*changes: Change) -> Change:
    def change(subject: Subject) -> Subject:
        for one in changes:
            subject = one(subject)
        return subject

    return change


def good(subject: Subject) -> Subject:
    return subject


def first(part: str, **fields: Any) -> Change:
    """The first item of a part of the evidence has other fields."""

    def change(subject: Subject) -> Subject:
        head, *rest = getattr(subject.evidence, part)
        return seen(**{part: (replace(head, **fields), *rest)})(subject)

    return change


def last(part: str, **fields: Any) -> Change:
    """The last item of a part of the evidence has other fields."""

    def change(subject: Subject) -> Subject:
        *others, end = getattr(subject.evidence, part)
        return seen(**{part: (*others, replace(end, **fields))})(subject)

    return change


def less(part: str, keep: int = 1) -> Change:
    """Only the first items of a part of the evidence."""
    return lambda subject: seen(**{part: getattr(subject.evidence, part)[:keep]})(subject)


def assert_concludes(row: Row, subjects: Mapping[str, Subject]) -> None:
    """The row's check comes to the row's outcome, says the row's words, and did not fail itself."""
    finding = CHECKS[row.check].run(row.change(subjects[row.role])).finding
    faults = [f"{o.subject}: {o.observed}" for o in finding.observations if o.outcome is not PASS]
    said = "\n".join([finding.summary, finding.remedy, *faults])
    assert finding.outcome is row.outcome, said
    assert row.says in said
    assert "the check itself failed" not in said
