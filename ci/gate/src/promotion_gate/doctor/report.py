"""The doctor's report: on the terminal the first cause first, what follows from it after that; and as JSON."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from promotion_gate.doctor.examination import CannotTell, Diagnosis, Report, Result
from promotion_gate.doctor.view import View
from promotion_gate.reporters.visible import one_line

SHOWN = 8
"""Lines of what was seen; the rest is in the JSON."""


def print_report(view: View, report: Report, console: Console) -> None:
    """Prints the report. Text from the cluster is shown, never obeyed: no markup, no control sequences."""
    page = _Page(console)
    for position, result in enumerate(report.found):
        if position == 1:
            page.line("Found too; it may follow from the first cause, so mend that one first:", "bold")
        page.found(result, "bold red" if not position else "bold")
    if report.unseen:
        page.line("Could not be told:", "bold")
        for result in report.unseen:
            reason = result.answer.reason if isinstance(result.answer, CannotTell) else ""
            page.row("  ?", f"{result.examination.title}: {reason}", width=3)
    page.line(_conclusion(view, report), "bold")


class _Page:
    def __init__(self, console: Console) -> None:
        self._console = console

    def line(self, text: str, style: str = "") -> None:
        """A line of its own, after an empty one."""
        self._console.print()
        self._console.print(self._text(text, style), soft_wrap=True)

    def row(self, label: str, text: str, style: str = "", width: int = 10) -> None:
        """A label and, beside it, a text that wraps in its column."""
        grid = Table.grid(padding=(0, 1, 0, 0))
        grid.add_column(width=width)
        grid.add_column(overflow="fold")
        grid.add_row(label, self._text(text, style))
        self._console.print(grid)

    def found(self, result: Result, style: str) -> None:
        if not isinstance(result.answer, Diagnosis):
            return
        self.line(f"✗ {result.examination.title}", style)
        shown = result.answer.seen[:SHOWN]
        for position, seen in enumerate(shown):
            self.row("" if position else "  seen", seen)
        if left := len(result.answer.seen) - len(shown):
            self.row("", f"and {left} more, see --json")
        self.row("  expected", result.answer.expected)
        self.row("  do", result.answer.remedy, "bold")
        self.row("  see", result.examination.documentation)

    def _text(self, value: str, style: str = "") -> Text:
        shown = one_line(value).encode(self._console.encoding, "backslashreplace").decode(self._console.encoding)
        return Text(shown, style=style)


def _conclusion(view: View, report: Report) -> str:
    where = f"{view.service} of {view.environment} in namespace {view.namespace}"
    looked = f"{len(report.results)} things looked at"
    if report.found:
        return f"{where}: {report.found[0].examination.title.lower()} ({looked}, {len(report.found)} found)."
    if report.unseen:
        return f"{where}: nothing found, but {len(report.unseen)} of {len(report.results)} things could not be told."
    return f"{where}: nothing found ({looked})."


def as_json(view: View, report: Report) -> dict[str, Any]:
    """The whole report as plain data."""
    return {
        "service": view.service,
        "environment": view.environment,
        "namespace": view.namespace,
        "taken_at": view.taken_at.isoformat(timespec="seconds"),
        "first_cause": report.found[0].examination.id if report.found else None,
        "results": [_as_json(result) for result in report.results],
    }


def _as_json(result: Result) -> dict[str, Any]:
    examination, answer = result.examination, result.answer
    plain: dict[str, Any] = {"id": examination.id, "title": examination.title, "see": examination.documentation}
    if isinstance(answer, Diagnosis):
        return {**plain, "found": True, "seen": list(answer.seen), "expected": answer.expected, "do": answer.remedy}
    return {**plain, "found": False, **({"cannot_tell": answer.reason} if isinstance(answer, CannotTell) else {})}
