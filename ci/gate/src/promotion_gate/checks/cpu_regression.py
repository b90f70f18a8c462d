"""A pod uses no more CPU than one of the release that was promoted last."""

from __future__ import annotations

from promotion_gate.checks.check import Check, Subject
from promotion_gate.checks.comparison import judge_growth
from promotion_gate.verdict import Finding


def assess(subject: Subject) -> Finding:
    return judge_growth(
        subject,
        "cpu",
        "CPU use of a pod",
        "Profile what the release does for each request or message that the last one did not. If it has to be so, say so with an override.",
    )


CHECK = Check(
    id="cpu-regression",
    title="CPU use as before",
    question="Does a pod use no more CPU than one of the release promoted last?",
    reads=("cpu",),
    assess=assess,
)
