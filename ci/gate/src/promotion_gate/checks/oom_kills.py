"""The kernel killed no process for want of memory."""

from __future__ import annotations

from promotion_gate.checks.check import Check, Subject, conclude, no_evidence, observe, unproved, unseen
from promotion_gate.counted import counted
from promotion_gate.evidence import MemoryUse, Missing, PodState
from promotion_gate.verdict import Finding, Observation

OOM_KILLED = "OOMKilled"
"""Why a container ended, as Kubernetes says it."""


def assess(subject: Subject) -> Finding:
    pods, memory = subject.evidence.pods, subject.evidence.memory
    if isinstance(pods, Missing) or not pods:
        return no_evidence("pods", pods)
    if isinstance(memory, Missing) or not memory:
        return no_evidence("memory samples", memory)
    measured = {use.pod: use for use in memory}
    observations = [_pod(pod, measured.get(pod.name)) for pod in pods]
    known = {pod.name for pod in pods}
    observations += [_killed(use) for use in memory if use.pod not in known and use.oom_kills]
    observations += unseen("pods seen", known, subject)
    killed = sum(OOM_KILLED in pod.reason for pod in pods)
    kills = max(killed, sum(use.oom_kills for use in memory))
    summary = f"{counted(kills, 'process')} killed for want of memory in {counted(len(pods), 'pod')}"
    return conclude(
        observations,
        good=summary,
        bad=summary if kills else f"not known of every pod: {summary}",
        remedy="Find what grows (see the check memory), or raise workload.resources.limits.memory; a worker that was killed "
        "alone leaves no restart, only a gap in its series.",
    )


def _pod(pod: PodState, use: MemoryUse | None) -> Observation:
    expected = "no process killed for want of memory"
    if OOM_KILLED in pod.reason:
        return observe(pod.name, pod.reason, expected, ok=False)
    if use is None or not use.samples:
        return unproved(pod.name, "its memory was not watched", expected)
    return observe(pod.name, f"{use.oom_kills} killed", expected, ok=use.oom_kills == 0)


def _killed(use: MemoryUse) -> Observation:
    """A pod that is gone, and whose processes were killed before."""
    return observe(use.pod, f"{use.oom_kills} killed", "no process killed for want of memory", ok=False)


CHECK = Check(
    id="oom-kills",
    title="Nothing killed for want of memory",
    question="Did the kernel kill no process for want of memory?",
    reads=("pods", "memory"),
    assess=assess,
)
