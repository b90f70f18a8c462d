"""Peak memory stays under the limit that the chart sets."""

from __future__ import annotations

from promotion_gate.checks.check import Check, Subject, conclude, no_evidence, observe, unproved, unseen
from promotion_gate.evidence import Missing
from promotion_gate.verdict import Finding, Outcome

MIB = 1024 * 1024


def assess(subject: Subject) -> Finding:
    memory, limit = subject.evidence.memory, subject.workload.memory_limit
    if not limit:  # Kubernetes takes 0 as no limit
        return Finding(
            outcome=Outcome.FAIL,
            summary="the chart sets no memory limit",
            remedy="Set workload.resources.limits.memory; without it one service can starve its node.",
        )
    if isinstance(memory, Missing) or not memory:
        return no_evidence("memory samples", memory)
    expected = f"under {limit / MIB:.0f} MiB"
    observations = [
        observe(
            use.pod,
            f"peak {use.peak / MIB:.0f} MiB, headroom {1 - use.peak / limit:.0%}",
            expected,
            ok=use.peak < limit,
        )
        if use.samples and use.peak
        else unproved(use.pod, "no samples", expected)
        for use in memory
    ]
    peak = max((use.peak for use in memory if use.samples), default=0)
    summary = (
        "no samples" if not peak else f"peak {peak / MIB:.0f} of {limit / MIB:.0f} MiB, headroom {1 - peak / limit:.0%}"
    )
    observations += unseen("pods measured", (use.pod for use in memory), subject)
    return conclude(
        observations,
        good=summary,
        bad=summary,
        remedy="Find what grows (label values without bound are the usual cause), or raise workload.resources.limits.memory.",
    )


CHECK = Check(
    id="memory",
    title="Memory under its limit",
    question="Did memory stay under the limit that the chart sets?",
    reads=("memory",),
    assess=assess,
)
