"""The verdict on the terminal: a row per check, what to do about each that is not PASS, and the verdict last.

Nothing depends on colour, and no colour on the terminal's background: each outcome is a symbol and a word.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from promotion_gate.reporters import sentences
from promotion_gate.reporters.facts import facts
from promotion_gate.reporters.rows import Row, rows
from promotion_gate.reporters.visible import one_line
from promotion_gate.verdict import Outcome, Verdict

SHOWN_OBSERVATIONS = 4
"""How many failing observations a row shows; the rest is in report.html."""
SHOWN_CHARACTERS = 240
"""How much of a value a row shows; the rest is in report.html."""

SHOWN_VALUES = 4
"""How many values of a fact are shown, such as digests; the rest is in report.html."""

_FACTS = {
    "target_identity": "identity",
    "image_digests": "image",
    "chart_sha256": "chart",
    "manifests_sha256": "manifests",
    "commit": "commit",
    "uncommitted_changes": "changed",
    "values": "copies",
    "policy": "policy",
    "baseline": "baseline",
    "window": "watched",
    "interruptions": "because",
}
_STYLES = {Outcome.PASS: "bold green", Outcome.FAIL: "bold red", Outcome.INCONCLUSIVE: "bold magenta"}
_ASCII_SYMBOLS = {Outcome.PASS: "+", Outcome.FAIL: "x", Outcome.INCONCLUSIVE: "?"}


def print_verdict(verdict: Verdict, console: Console, reports: Sequence[Path] = ()) -> None:
    """Prints the verdict to `console`, and where `reports` are.

    Text from evidence is shown, never obeyed: no markup, no control sequences, no characters that the console cannot
    encode.
    """
    shown = rows(verdict)
    page = _Page(console, shown)
    rule = Rule(style="none", characters=page.dash)
    console.print()
    console.print(page.line(Text("OUTCOME"), "CHECK", "WHAT WAS SEEN", style="bold"))
    console.print(rule)
    for row in shown:
        console.print(page.row(row))
    console.print(rule)
    console.print(page.conclusion(verdict, shown))
    if verdict.overrides:
        console.print(*page.overrides(verdict), sep="\n")
    console.print(page.facts(verdict))
    if reports:
        console.print("Reports:")
    for path in reports:
        # Not wrapped: a path is there to be copied.
        console.print(page.text(f"  {path}"), soft_wrap=True)


class _Page:
    """The layout for one console and one verdict: the columns, and what can be encoded."""

    def __init__(self, console: Console, shown: Sequence[Row]) -> None:
        ascii_only = console.options.ascii_only
        self.dash = "-" if ascii_only else "─"
        self._encoding = console.encoding
        self._symbols = _ASCII_SYMBOLS if ascii_only else sentences.SYMBOLS
        self._outcome_width = max(len("OUTCOME"), *(len(f"? {row.outcome}") for row in shown))
        longest_title = max(len("CHECK"), *(len(one_line(row.title)) for row in shown))
        self._title_width = max(8, min(longest_title, (console.width - self._outcome_width) * 2 // 5))

    def text(self, value: str, style: str = "") -> Text:
        value = one_line(value)
        return Text(value.encode(self._encoding, "backslashreplace").decode(self._encoding), style=style)

    def line(self, outcome: Text, title: str, summary: str, style: str = "") -> Table:
        """A line of the table. Each is a table of its own, because details below a line take the whole width."""
        grid = _grid(self._outcome_width, self._title_width, gap=2)
        grid.add_row(outcome, self.text(title), self.text(_shortened(summary)), style=style)
        return grid

    def row(self, row: Row) -> Group:
        line = self.line(self._outcome(row.outcome), row.title, row.summary)
        return Group(line) if row.outcome is Outcome.PASS else Group(line, *self._details(row), "")

    def conclusion(self, verdict: Verdict, shown: Sequence[Row]) -> Text:
        release, target = verdict.release, verdict.target
        where = f"{release.service} in {release.environment} on the {target.name} target"
        lines = [
            self._outcome(verdict.outcome) + self.text(f"  {where}, {sentences.duration(verdict)}", style="bold"),
            self.text(f"{sentences.tally(shown)}. {sentences.asked_between(shown)}".rstrip()),
            self.text(f"{sentences.promotion(verdict)} {target.note}".rstrip()),
        ]
        if release.set_values:
            lines.insert(1, self.text(f"With values from the command line: {', '.join(release.set_values)}"))
        return Text("\n").join(lines)

    def overrides(self, verdict: Verdict) -> Iterator[RenderableType]:
        yield self.text(sentences.overrides(verdict), style="bold")
        for given in verdict.overrides:
            line = _grid(1, gap=1)
            line.add_row("-", self.text(_shortened(sentences.override(verdict, given), 2 * SHOWN_CHARACTERS)))
            yield Padding(line, (0, 0, 0, 2))

    def facts(self, verdict: Verdict) -> Table:
        """What the verdict is bound to, and what it rests on; a digest fits on a line of 80 characters."""
        bound = {fact.key: fact for fact in facts(verdict)}
        grid = _grid(max(len(label) for label in _FACTS.values()), gap=2)
        for key, label in _FACTS.items():
            if key in bound:
                # Without the prefix a digest of an image fits, too.
                values = [value.removeprefix("sha256:") for value in bound[key].values] or [bound[key].otherwise]
                grid.add_row(label, Text("\n").join(self.text(_shortened(value)) for value in values[:SHOWN_VALUES]))
                if len(values) > SHOWN_VALUES:
                    grid.add_row("", f"and {len(values) - SHOWN_VALUES} more, see report.html")
        return grid

    def _outcome(self, outcome: Outcome) -> Text:
        return Text(f"{self._symbols[outcome]} {outcome}", style=_STYLES[outcome])

    def _details(self, row: Row) -> Iterator[RenderableType]:
        for seen in row.shortfalls[:SHOWN_OBSERVATIONS]:
            subject = _grid(1, gap=1)
            subject.add_row(Text(self._symbols[seen.outcome], style=_STYLES[seen.outcome]), self.text(seen.subject))
            yield Padding(subject, (0, 0, 0, 2))
            values = _grid(len("observed"), gap=1)
            values.add_row("observed", self.text(_shortened(seen.observed)))
            values.add_row("expected", self.text(_shortened(seen.expected)))
            yield Padding(values, (0, 0, 0, 4))
        left = len(row.shortfalls) - SHOWN_OBSERVATIONS
        if left > 0:
            yield Text(f"  and {left} more, see report.html")
        advice = _grid(len("see:"), gap=1)
        advice.add_row("ask:", self.text(sentences.asked(row)))
        advice.add_row(Text("do:", style="bold"), self.text(row.remedy, style="bold"))
        if row.documentation:
            advice.add_row("see:", self.text(row.documentation))
        yield Padding(advice, (0, 0, 0, 2))


def _grid(*widths: int, gap: int) -> Table:
    """A table without lines: columns of `widths` characters, then one that takes the rest; what is too long wraps."""
    grid = Table.grid(padding=(0, gap, 0, 0))
    for width in (*widths, None):
        grid.add_column(width=width, overflow="fold")
    return grid


def _shortened(value: str, most: int = SHOWN_CHARACTERS) -> str:
    return value if len(value) <= most else value[: most - 3] + "..."
