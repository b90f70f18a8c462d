"""Why a pod will never become ready by itself: pure functions from the status that Kubernetes reports to a complaint.

A wait that sees a complaint ends at once instead of at its deadline.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# What the kubelet says while it waits before it tries again, or when trying again cannot help.
HOPELESS_WAITING = frozenset(
    {
        "CrashLoopBackOff",
        "ImagePullBackOff",
        "ErrImagePull",
        "ErrImageNeverPull",
        "InvalidImageName",
        "ImageInspectError",
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
    }
)
OOM_KILLED = "OOMKilled"


@dataclass(frozen=True)
class Complaint:
    """Why something will not become ready. `container` is empty where none is to blame, as when no node fits."""

    kind: str
    name: str
    reason: str
    """Kubernetes' own word for it, such as ImagePullBackOff."""
    message: str = ""
    container: str = ""

    def __str__(self) -> str:
        where = f", container {self.container}" if self.container else ""
        return f"{self.kind} {self.name}{where}: {self.reason}{f' ({self.message})' if self.message else ''}"


def pod_complaint(pod: Mapping[str, Any]) -> Complaint | None:
    """The first reason why this pod will not become ready; None while it may, when it is, and while it is being deleted."""
    metadata, status = pod["metadata"], pod.get("status") or {}
    if metadata.get("deletionTimestamp"):
        return None
    name = str(metadata["name"])
    for complaint in _container_complaints(name, status):
        return complaint
    if status.get("phase") == "Failed":
        return Complaint("Pod", name, str(status.get("reason") or "Failed"), _one_line(status.get("message")))
    for condition in status.get("conditions") or ():
        if condition["type"] == "PodScheduled" and condition.get("reason") == "Unschedulable":
            message = _one_line(condition.get("message"))
            if _no_node_will_fit(message):
                return Complaint("Pod", name, "Unschedulable", message)
    return None


def _no_node_will_fit(message: str) -> bool:
    """Whether the scheduler says that not even an empty node would do.

    Where other pods are in the way, they may end; a taint is also what a node has that has just started.
    """
    return "Preemption is not helpful" in message and not any(
        passing in message for passing in ("untolerated taint", "No preemption victims found")
    )


def _container_complaints(pod: str, status: Mapping[str, Any]) -> Iterator[Complaint]:
    for container in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        if container.get("ready"):
            continue
        state = container.get("state") or {}
        waiting, terminated = state.get("waiting") or {}, state.get("terminated") or {}
        last = (container.get("lastState") or {}).get("terminated") or {}
        name = str(container["name"])
        # OOMKilled first: "CrashLoopBackOff" is only what follows from it.
        for ended in (terminated, last):
            if ended.get("reason") == OOM_KILLED:
                said = f"it took more memory than its limit and was killed, exit code {ended.get('exitCode')}"
                yield Complaint("Pod", pod, OOM_KILLED, said, name)
        if waiting.get("reason") in HOPELESS_WAITING:
            # the kubelet's words on a crash loop are how long it waits, not why
            said = _exit(last) or _one_line(waiting.get("message"))
            yield Complaint("Pod", pod, str(waiting["reason"]), said, name)


def workload_complaint(workload: Mapping[str, Any]) -> Complaint | None:
    """Why a Deployment or ReplicaSet gets no pods, or no further; None while it may.

    A pod that PodSecurity or a quota refuses never exists: only the conditions of what should have created it say so.
    """
    kind, name = str(workload["kind"]), str(workload["metadata"]["name"])
    for condition in (workload.get("status") or {}).get("conditions") or ():
        if condition["type"] == "ReplicaFailure" and condition["status"] == "True":
            return Complaint(
                kind, name, str(condition.get("reason") or "FailedCreate"), _one_line(condition.get("message"))
            )
        if condition["type"] == "Progressing" and condition["status"] == "False":
            return Complaint(kind, name, str(condition.get("reason")), _one_line(condition.get("message")))
    return None


def _exit(terminated: Mapping[str, Any]) -> str:
    if not terminated:
        return ""
    return f"its last run ended with exit code {terminated.get('exitCode')}"


def _one_line(text: object) -> str:
    return " ".join(str(text or "").split())
