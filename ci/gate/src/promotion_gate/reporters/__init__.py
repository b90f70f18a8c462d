"""The reports of a verdict: for the terminal, for machines, for a CI system's test tab and code scanning, and for people."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from promotion_gate.reporters import html, json_report, junit, markdown, sarif
from promotion_gate.reporters.atomic_write import ReportError, atomic_write
from promotion_gate.verdict import Verdict

__all__ = ["ReportError", "forget_reports", "write_reports"]


SIGNED_NAME = "verdict.dsse.json"
"""The signed verdict among the reports of a run, written by `verdicts.keep_signed`."""


class _Reporter(Protocol):
    """A module of this package that renders a file."""

    def render(self, verdict: Verdict) -> str: ...


_FILES: dict[str, _Reporter] = {
    "verdict.json": json_report,
    "junit.xml": junit,
    "report.html": html,
    "verdict.sarif": sarif,
    "comment.md": markdown,
}


def write_reports(verdict: Verdict, directory: Path) -> list[Path]:
    """Writes a file for each reporter into `directory`, which is made if need be; returns their paths, verdict.json first.

    All are rendered before the first is written, and each is written whole or not at all. verdict.json, the one that
    promotes, is written last: it is there only if its reports are. Raises ReportError if one cannot be written; an
    older one may then still be there, so the caller must not report an outcome.
    """
    texts = {directory / name: reporter.render(verdict) for name, reporter in _FILES.items()}
    for path in reversed(texts):
        atomic_write(path, texts[path])
    return list(texts)


def forget_reports(directory: Path) -> None:
    """Removes what `write_reports` wrote, and the signed verdict beside it; nothing else, and no error where there is nothing."""
    for name in (SIGNED_NAME, *_FILES):
        (directory / name).unlink(missing_ok=True)
