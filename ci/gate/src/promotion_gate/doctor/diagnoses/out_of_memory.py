"""The kernel killed the container because it had reached its memory limit."""

from __future__ import annotations

from promotion_gate.doctor.examination import Answer, CannotTell, Diagnosis, Examination
from promotion_gate.doctor.view import Pod, View, app_container
from promotion_gate.evidence import Missing
from promotion_gate.targets.cluster.pods import container_status, was_out_of_memory


def killed(pod: Pod) -> bool:
    """Whether its container was, now or the last time."""
    return was_out_of_memory(pod.object) is True


def diagnose(view: View) -> Answer:
    """No container was killed for want of memory."""
    if isinstance(view.pods, Missing):
        return CannotTell(view.pods.reason)
    seen = tuple(
        f"{pod.name} was OOMKilled at its limit of {_limit(pod)}, and started again "
        f"{container_status(pod.object).get('restartCount', 0)} times."
        for pod in view.pods
        if killed(pod)
    )
    if not seen:
        return None
    return Diagnosis(
        seen,
        "memory under the limit",
        "Find what grows, label values without bound first (docs/checks/memory.md), or raise workload.resources.limits.memory.",
    )


def _limit(pod: Pod) -> str:
    limits = (app_container(pod.object).get("resources") or {}).get("limits") or {}
    return str(limits.get("memory", "none: the node's memory"))


EXAMINATION = Examination("out-of-memory", "Killed for want of memory", diagnose)
