"""A pod takes no more memory than one of the release that was promoted last."""

from __future__ import annotations

from promotion_gate.checks.check import Check, Subject
from promotion_gate.checks.comparison import judge_growth
from promotion_gate.verdict import Finding


def assess(subject: Subject) -> Finding:
    return judge_growth(
        subject,
        "memory",
        "memory of a pod",
        "Find what the release keeps that the last one did not: the memory plot in the HTML report, series by family. If it has to be so, "
        "say so with an override.",
    )


CHECK = Check(
    id="memory-regression",
    title="Memory as before",
    question="Does a pod take no more memory than one of the release promoted last?",
    reads=("memory",),
    assess=assess,
)
