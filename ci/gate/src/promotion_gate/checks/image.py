"""The image that runs is the image that the chart names."""

from __future__ import annotations

from promotion_gate.checks.check import Check, Subject, conclude, no_evidence, observe, unproved, unseen
from promotion_gate.evidence import Missing
from promotion_gate.verdict import Finding


def assess(subject: Subject) -> Finding:
    pods, declared = subject.evidence.pods, subject.workload.image
    if isinstance(pods, Missing) or not pods:
        return no_evidence("pods", pods)
    observations = [
        observe(pod.name, pod.image, declared, ok=pod.image == declared)
        if pod.image
        else unproved(pod.name, f"no image runs ({pod.reason})", declared)
        for pod in pods
    ]
    observations += unseen("pods seen", (pod.name for pod in pods), subject)
    different = sorted({pod.image for pod in pods if pod.image and pod.image != declared})
    return conclude(
        observations,
        good=f"every pod runs {declared}",
        bad=f"the chart names {declared}, "
        + (f"a pod runs {', '.join(different)}" if different else "not every pod was seen to run it"),
        remedy="Build or pull the image that workload.image names, or correct its tag; then let the rollout finish.",
    )


CHECK = Check(
    id="image",
    title="Image as the chart names it",
    question="Does the image run that the chart names?",
    reads=("pods",),
    assess=assess,
)
