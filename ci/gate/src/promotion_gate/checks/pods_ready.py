"""Every replica that the chart asks for is Running and Ready."""

from __future__ import annotations

from promotion_gate.checks.check import Check, Subject, conclude, no_evidence, observe
from promotion_gate.evidence import Missing
from promotion_gate.verdict import Finding, Observation


def assess(subject: Subject) -> Finding:
    pods, replicas = subject.evidence.pods, subject.workload.replicas
    if isinstance(pods, Missing) or not pods:
        return no_evidence("pods", pods)
    expected = "Running, Ready"
    observations = [
        observe(
            pod.name, _state(pod.phase, pod.reason, ready=pod.ready), expected, ok=pod.phase == "Running" and pod.ready
        )
        for pod in pods
    ]
    observations += [_last_words(pod.name, subject) for pod in pods if not pod.ready]
    observations.append(observe("replicas", len(pods), replicas, ok=len(pods) == replicas))
    healthy = sum(pod.phase == "Running" and pod.ready for pod in pods)
    return conclude(
        observations,
        good=f"{healthy} of {replicas} pods Running and Ready",
        bad=f"{healthy} of {replicas} pods Running and Ready",
        remedy="See the reason, and the log in pods/<pod>/log beside the reports; a pod that is not Ready fails its readiness probe.",
    )


def _last_words(pod: str, subject: Subject) -> Observation:
    """The end of the pod's log: at three in the morning it is the first thing to look for."""
    logs = subject.evidence.logs
    lines = [] if isinstance(logs, Missing) else [line.text for log in logs if log.pod == pod for line in log.lines]
    return observe(
        f"{pod}'s last log line", lines[-1] if lines else "nothing was logged", "a pod that is Ready", ok=False
    )


def _state(phase: str, reason: str, *, ready: bool) -> str:
    state = f"{phase}, {'Ready' if ready else 'not Ready'}"
    return f"{state} ({reason})" if reason else state


CHECK = Check(
    id="pods-ready",
    title="Pods Running and Ready",
    question="Is every replica Running and Ready?",
    reads=("pods", "logs"),
    assess=assess,
)
