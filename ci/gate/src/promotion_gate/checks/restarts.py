"""No container was restarted."""

from __future__ import annotations

from promotion_gate.checks.check import Check, Subject, conclude, no_evidence, observe, unseen
from promotion_gate.counted import counted
from promotion_gate.evidence import Missing
from promotion_gate.verdict import Finding


def assess(subject: Subject) -> Finding:
    pods = subject.evidence.pods
    if isinstance(pods, Missing) or not pods:
        return no_evidence("pods", pods)
    observations = [
        observe(
            pod.name,
            f"{pod.restarts} ({pod.reason})" if pod.restarts and pod.reason else pod.restarts,
            0,
            ok=pod.restarts == 0,
        )
        for pod in pods
    ]
    observations += unseen("pods seen", (pod.name for pod in pods), subject)
    total = sum(pod.restarts for pod in pods)
    return conclude(
        observations,
        good=f"0 restarts in {counted(len(pods), 'pod')}",
        bad=f"{counted(total, 'restart')} in {counted(len(pods), 'pod')}",
        remedy="Read what was logged before the restart: pods/<pod>/log beside the reports holds every run of the container.",
    )


CHECK = Check(
    id="restarts",
    title="Zero restarts",
    question="Has no container been restarted?",
    reads=("pods",),
    assess=assess,
)
