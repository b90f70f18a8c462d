"""A verdict as rows to show: a row per check, and one for each reason that no check stands for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from promotion_gate.verdict import CheckRecord, Observation, Outcome, Verdict

_WORST_FIRST = (Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.PASS)


@dataclass(frozen=True)
class Row:
    """One line of a report. Every row that is not PASS says what to do."""

    id: str
    title: str
    outcome: Outcome
    summary: str
    observations: tuple[Observation, ...]
    """Worst first, else in the order the check made them."""
    remedy: str
    documentation: str
    """The page to read, a path in the repository; empty if there is none."""
    question: str = ""
    """What the check asks; empty if that is not known."""
    asked_at: datetime | None = None
    """When the last part of what it rests on was looked at; None if nothing was."""

    @property
    def shortfalls(self) -> tuple[Observation, ...]:
        """The observations that are not PASS."""
        return tuple(seen for seen in self.observations if seen.outcome is not Outcome.PASS)


def rows(verdict: Verdict) -> tuple[Row, ...]:
    """The verdict's rows: its checks in their order, then what is missing.

    A verdict that is not PASS has at least one row that is not PASS, so no report of it can look green.
    """
    found = [_of_record(record) for record in verdict.checks]
    absent = [_of_absent(check) for check in dict.fromkeys(verdict.missing_checks)]
    inventory = [] if verdict.required_checks else [_EMPTY_INVENTORY]
    return (*found, *absent, *inventory)


def _of_record(record: CheckRecord) -> Row:
    finding = record.finding
    return Row(
        id=record.id,
        title=record.title,
        outcome=finding.outcome,
        summary=finding.summary,
        observations=tuple(_worst_first(finding.observations)),
        remedy=finding.remedy,
        documentation=record.documentation,
        question=record.question,
        asked_at=record.asked_at,
    )


def _of_absent(check: str) -> Row:
    return Row(
        id=check,
        title=check,
        outcome=Outcome.INCONCLUSIVE,
        summary="This check is required and did not run: nothing is known about it.",
        observations=(),
        remedy="Find out why the check was left out or stopped, and run the gate again.",
        documentation=f"docs/checks/{check}.md",
    )


_EMPTY_INVENTORY = Row(
    id="required-checks",
    title="Required checks",
    outcome=Outcome.INCONCLUSIVE,
    summary="No check was required, so nothing can be proved.",
    observations=(),
    remedy="Run the gate with its list of required checks.",
    documentation="",
)


def _worst_first(observations: Iterable[Observation]) -> list[Observation]:
    return sorted(observations, key=lambda seen: _WORST_FIRST.index(seen.outcome))
