"""`comment.md`: the verdict as a comment on a merge request: what it is, what to do, what it is bound to.

Never longer than CAP, which is below what GitHub takes (65 536 characters; GitLab takes a million): whole rows are left out then, the
least important first, with a sentence that says how many.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from promotion_gate.counted import counted
from promotion_gate.reporters import sentences
from promotion_gate.reporters.facts import Fact, clock, facts
from promotion_gate.reporters.markdown_text import code, marker, prose
from promotion_gate.reporters.rows import Row, rows
from promotion_gate.verdict import Outcome, Override, Verdict

CAP: Final = 60_000
"""Characters."""
SHORT, LONG = 80, 300
"""How many characters of a name, and of a sentence, are shown."""
SHOWN_OBSERVATIONS = 3
WHOLE: Final = "The whole report is `report.html`, among the artifacts of this pipeline."

_FACTS_CAP, _OVERRIDES_CAP = 16_000, 8_000
"""Characters that these sections may take: what failed matters more, and there must be room for it whatever they hold."""
_ROOM_FOR_NOTES = 1_000

_TABLE = "| | Check | What was seen |\n|---|---|---|\n"


def render(verdict: Verdict) -> str:
    """The comment as Markdown, its first line the marker by which it is found again."""
    shown = rows(verdict)
    wrong, right = _parted(shown)
    head = _head(verdict, shown)
    bound = _section(_FACTS, [_fact(fact) for fact in facts(verdict)], "fact", _FACTS_CAP)
    overridden = [_override(verdict, given) for given in verdict.overrides]
    overrides = _section(_OVERRIDES, overridden, "override", _OVERRIDES_CAP, sentences.overrides(verdict))
    room = CAP - _ROOM_FOR_NOTES - len(head) - len(bound) - len(overrides)
    table = _section(_NOT_PASSED, [_row(row) for row in wrong], "check", room // 2)
    advice = _section(_ADVICE, [_advice(row) for row in wrong], "check", room - len(table))
    passed = _section(_PASSED, [_row(row) for row in right], "check", room - len(table) - len(advice))
    return "\n".join(part for part in (head, overrides, table, advice, passed, bound, WHOLE) if part) + "\n"


def mark(verdict: Verdict) -> str:
    """The comment's first line, which nobody sees; another verdict of the same release has the same."""
    return marker(verdict.release.service[:SHORT], verdict.release.environment[:SHORT])


class _Layout:
    """What stands around the rows of a section; `{count}` in it is the number of all its rows."""

    def __init__(self, opening: str, closing: str = "") -> None:
        self.opening, self.closing = opening, closing


_NOT_PASSED = _Layout(_TABLE)
_ADVICE = _Layout("### What to do\n\n")
_PASSED = _Layout(f"<details><summary>Passed: {{count}}</summary>\n\n{_TABLE}", "\n</details>\n")
_OVERRIDES = _Layout("### Overrides\n\n")
_FACTS = _Layout("<details><summary>What was judged</summary>\n\n| | |\n|---|---|\n", "\n</details>\n")


def _section(layout: _Layout, entries: Sequence[str], noun: str, room: int, lead: str = "") -> str:
    """The section with as many entries as there is room for; empty without entries."""
    if not entries:
        return ""
    opening = layout.opening.format(count=len(entries)) + (f"**{prose(lead, LONG)}**\n\n" if lead else "")
    kept, left = [], room - len(opening) - len(layout.closing)
    for entry in entries:
        if len(entry) > left:
            break
        kept.append(entry)
        left -= len(entry)
    hidden = len(entries) - len(kept)
    note = f"\n{counted(hidden, noun)} more: left out here, there is no room. {WHOLE}\n" if hidden else ""
    return opening + "".join(kept) + note + layout.closing


def _parted(shown: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """FAIL, then INCONCLUSIVE; and PASS."""
    wrong = [row for outcome in (Outcome.FAIL, Outcome.INCONCLUSIVE) for row in shown if row.outcome is outcome]
    return wrong, [row for row in shown if row.outcome is Outcome.PASS]


def _head(verdict: Verdict, shown: Sequence[Row]) -> str:
    release, target = verdict.release, verdict.target
    where = f"{prose(release.service, SHORT)} in {prose(release.environment, SHORT)}"
    note = f" {prose(target.note, LONG)}" if target.note else ""
    lines = [
        mark(verdict),
        f"## {sentences.SYMBOLS[verdict.outcome]} {verdict.outcome}: {where}",
        "",
        f"**{prose(sentences.promotion(verdict), 2 * LONG)}**{note}",
        "",
        f"{sentences.tally(shown)}, in {sentences.duration(verdict)} on {code(target.name, SHORT)}.",
        "",
    ]
    return "\n".join(lines)


def _row(row: Row) -> str:
    name = f"{prose(row.title, SHORT)}<br>{code(row.id, SHORT)}"
    question = prose(sentences.asked(row), LONG)
    return f"| {_badge(row.outcome)} | {name} | {prose(row.summary, LONG)}<br><sub>{question}</sub> |\n"


def _advice(row: Row) -> str:
    see = f" See {code(row.documentation, SHORT)}." if row.documentation else ""
    lines = [f"- **{prose(row.title, SHORT)}**: {prose(row.remedy, LONG)}{see}"]
    for seen in row.shortfalls[:SHOWN_OBSERVATIONS]:
        said = f"{code(seen.observed, LONG)}, expected {code(seen.expected, SHORT)}"
        lines.append(f"  - {code(seen.subject, SHORT)}: {said}")
    hidden = len(row.shortfalls) - SHOWN_OBSERVATIONS
    if hidden > 0:
        lines.append(f"  - and {hidden} more, see `report.html`")
    return "\n".join(lines) + "\n"


def _override(verdict: Verdict, given: Override) -> str:
    outcomes = {record.id: record.finding.outcome for record in verdict.checks}
    stays = f"stays {_badge(outcomes[given.check])}" if given.check in outcomes else "is not in this verdict"
    said = f"by {prose(given.actor, SHORT)}, ticket {code(given.ticket, SHORT)}, until {clock(given.expires_at)}"
    return f"- {code(given.check, SHORT)} {stays}; overridden {said}: {prose(given.reason, LONG)}\n"


def _fact(fact: Fact) -> str:
    if fact.literal and fact.values:
        said = "<br>".join(code(value, SHORT) for value in fact.values[:8])
        said += f"<br>and {len(fact.values) - 8} more" if len(fact.values) > 8 else ""
    else:
        said = prose(fact.text, 2 * LONG)
    return f"| {fact.label} | {said} |\n"


def _badge(outcome: Outcome) -> str:
    return f"{sentences.SYMBOLS[outcome]} **{outcome}**"
