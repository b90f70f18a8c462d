"""`report.html`: one self-contained page for people; it loads nothing, runs no script and may be mailed or archived."""

from __future__ import annotations

from promotion_gate.reporters import plots, sentences
from promotion_gate.reporters.facts import clock, facts
from promotion_gate.reporters.rows import rows
from promotion_gate.reporters.templating import pages_of
from promotion_gate.verdict import Outcome, Verdict

_pages = pages_of("promotion_gate.reporters")


def render(verdict: Verdict) -> str:
    """The page as text; everything that comes from evidence is escaped."""
    shown = rows(verdict)
    drawn = plots.plots(verdict.measurements, verdict.baseline.medians if verdict.baseline else None)
    return _pages.get_template("report.html.j2").render(
        verdict=verdict,
        rows=shown,
        facts=facts(verdict),
        plots=drawn,
        not_drawn=plots.missing(drawn),
        drawing=plots,
        outcomes={record.id: record.finding.outcome for record in verdict.checks},
        PASS=Outcome.PASS,
        symbols=sentences.SYMBOLS,
        tally=sentences.tally(shown),
        promotion=sentences.promotion(verdict),
        overrides=sentences.overrides(verdict),
        duration=sentences.duration(verdict),
        clock=clock,
    )
