"""Answers take no longer than those of the release that was promoted last."""

from __future__ import annotations

from promotion_gate.checks.check import Check, Subject
from promotion_gate.checks.comparison import judge_growth
from promotion_gate.verdict import Finding


def assess(subject: Subject) -> Finding:
    return judge_growth(
        subject,
        "latency",
        "time until an answer",
        "Find the request that became slower: the latency plot in the HTML report, the histogram by handler. If it has to be so, say so "
        "with an override.",
    )


CHECK = Check(
    id="latency-regression",
    title="Latency as before",
    question="Do answers take no longer than those of the release promoted last?",
    reads=("traffic",),
    assess=assess,
)
