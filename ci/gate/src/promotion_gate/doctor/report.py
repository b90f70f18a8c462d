"""The doctor's report: on the terminal the first cause first, what follows from it after that; and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Console

from promotion_gate.doctor.examination import CannotTell, Diagnosis, Report, Result
from promotion_gate.doctor.view import View
from promotion_gate.reporters.visible import one_line

SHOWN = 8
"""Lines of what was seen; the rest is in the JSON."""


def print_report(view: View, report: Report, console: Console) -> None:
    """Prints the report. Text from the cluster is shown, never obeyed: no markup, no control sequences."""
    for text, style in _lines(view, report):
        shown = one_line(text).encode(console.encoding, "backslashreplace").decode(console.encoding)
        console.print(shown, style=style, markup=False, highlight=False, soft_wrap=True)


def _lines(view: View, report: Report) -> Iterator[tuple[str, str]]:
    for position, result in enumerate(report.found):
        if position == 1:
            yield "", ""
            yield "Found too; it may follow from the first cause, so mend that one first:", "bold"
        yield from _found(result, "bold red" if not position else "bold")
    if report.unseen:
        yield "", ""
        yield "Could not be told:", "bold"
        for result in report.unseen:
            reason = result.answer.reason if isinstance(result.answer, CannotTell) else ""
            yield f"  ? {result.examination.title}: {reason}", ""
    yield "", ""
    yield _conclusion(view, report), "bold"


def _found(result: Result, style: str) -> Iterator[tuple[str, str]]:
    if not isinstance(result.answer, Diagnosis):
        return
    yield "", ""
    yield f"✗ {result.examination.title}", style
    for line in result.answer.seen[:SHOWN]:
        yield f"  seen      {line}", ""
    if len(result.answer.seen) > SHOWN:
        yield f"            and {len(result.answer.seen) - SHOWN} more, see --json", ""
    yield f"  expected  {result.answer.expected}", ""
    yield f"  do        {result.answer.remedy}", "bold"
    yield f"  see       {result.examination.documentation}", ""


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
