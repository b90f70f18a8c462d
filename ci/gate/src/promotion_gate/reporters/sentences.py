"""What all reports say about a verdict in words: how its checks ended, whether it promotes, how long it took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from promotion_gate.counted import counted
from promotion_gate.reporters.rows import Row
from promotion_gate.verdict import Outcome, Verdict

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
        return "This verdict does not promote: what it judged is not what a commit holds (values from the command line, or changed files)."
    return f"This verdict does not promote: it is {verdict.outcome}, and only PASS promotes."


def duration(verdict: Verdict) -> str:
    """How long the run took, e.g. `24.3 s` or `2 min 05 s`."""
    seconds = (verdict.finished_at - verdict.started_at).total_seconds()
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"
