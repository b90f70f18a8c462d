"""The reports of a verdict: for the terminal, for machines, for the CI system's test tab, and for people."""

from __future__ import annotations

from pathlib import Path

from promotion_gate.reporters import html, json_report, junit
from promotion_gate.reporters.atomic_write import ReportError, atomic_write
from promotion_gate.verdict import Verdict

__all__ = ["ReportError", "write_reports"]


def write_reports(verdict: Verdict, directory: Path) -> list[Path]:
    """Writes verdict.json, junit.xml and report.html into `directory`, which is made if need be; returns their paths.

    All are rendered before the first is written, and each is written whole or not at all. verdict.json, the one that
    promotes, is written last: it is there only if its reports are. Raises ReportError if one cannot be written; an
    older one may then still be there, so the caller must not report an outcome.
    """
    texts = {
        directory / "junit.xml": junit.render(verdict),
        directory / "report.html": html.render(verdict),
        directory / "verdict.json": json_report.render(verdict),
    }
    for path, text in texts.items():
        atomic_write(path, text)
    return [directory / "verdict.json", directory / "junit.xml", directory / "report.html"]
