"""What all reports say about a verdict in words: how its checks ended, whether it promotes, what overrides do, how long it took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC

from promotion_gate.counted import counted
from promotion_gate.reporters.facts import clock
from promotion_gate.reporters.rows import Row
from promotion_gate.verdict import Outcome, Override, Verdict

SYMBOLS = {Outcome.PASS: "✓", Outcome.FAIL: "✗", Outcome.INCONCLUSIVE: "?"}


def tally(rows: Iterable[Row]) -> str:
    """How the rows ended, e.g. `9 checks: 7 passed, 2 failed`."""
    counts = Counter(row.outcome for row in rows)
    words = {Outcome.PASS: "passed", Outcome.FAIL: "failed", Outcome.INCONCLUSIVE: "inconclusive"}
    parts = [f"{counts[outcome]} {word}" for outcome, word in words.items() if counts[outcome]]
    return f"{counted(counts.total(), 'check')}: {', '.join(parts)}"


def promotion(verdict: Verdict) -> str:
    """Whether the verdict promotes, and why not. The target's note is left to the caller."""
    if not verdict.target.fit_for_promotion:
        target = verdict.target.name
        return f"Not fit for promotion: a verdict from the {target} target never promotes, whatever its outcome."
    if verdict.promotes:
        return "Fit for promotion."
    if verdict.outcome is Outcome.PASS:
        return f"This verdict does not promote: {', and '.join(verdict.unfit)}."
    return f"This verdict does not promote: it is {verdict.outcome}, and only PASS promotes."


def overrides(verdict: Verdict) -> str:
    """What the overrides of the verdict do and do not; empty without any."""
    if not verdict.overrides:
        return ""
    number = len(verdict.overrides)
    return (
        f"{counted(number, 'override')} {'holds' if number == 1 else 'hold'} for this release."
        f" An override changes no outcome: the verdict is {verdict.outcome}."
        ' A promotion that rests on one says "overridden".'
    )


def asked(row: Row) -> str:
    """What the check asks and when, e.g. `Are all pods Ready? (2025-11-21 10:42:07 UTC)`."""
    when = clock(row.asked_at) if row.asked_at else "nothing was looked at"
    return f"{row.question} ({when})" if row.question else f"({when})"


def asked_between(rows: Iterable[Row]) -> str:
    """When the first and the last check was asked; empty if that is not known of any."""
    moments = sorted(row.asked_at for row in rows if row.asked_at)
    if not moments:
        return ""
    first, last = (f"{moment.astimezone(UTC):%H:%M:%S}" for moment in (moments[0], moments[-1]))
    when = f"at {first}" if first == last else f"between {first} and {last}"
    return f"Asked {when} UTC; report.html has every check's question and time."


def override(verdict: Verdict, given: Override) -> str:
    """One override: what its check says all the same, by whom it is, by which ticket, until when, and why."""
    outcomes = {record.id: record.finding.outcome for record in verdict.checks}
    stays = f"stays {outcomes[given.check]}" if given.check in outcomes else "is not in this verdict"
    return (
        f"{given.check} {stays}; overridden by {given.actor} (ticket {given.ticket}, given {clock(given.given_at)},"
        f" until {clock(given.expires_at)}): {given.reason}"
    )


def duration(verdict: Verdict) -> str:
    """How long the run took, e.g. `24.3 s` or `2 min 05 s`."""
    seconds = (verdict.finished_at - verdict.started_at).total_seconds()
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"
