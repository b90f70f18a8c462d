"""Statuses as Kubernetes 1.34 reports them, and what a wait must make of each."""

from __future__ import annotations

from typing import Any

import pytest

from chart_harness.clusters.complaints import HOPELESS_WAITING, Complaint, pod_complaint, workload_complaint


def pod(*containers: dict[str, Any], init: tuple[dict[str, Any], ...] = (), **status: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "api-0"},
        "status": {"containerStatuses": list(containers), "initContainerStatuses": list(init), **status},
    }


def container(state: dict[str, Any], last: dict[str, Any] | None = None, *, ready: bool = False) -> dict[str, Any]:
    return {"name": "app", "ready": ready, "restartCount": 1, "state": state, "lastState": last or {}}


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {"waiting": {"reason": reason, "message": message}}


def ended(reason: str, code: int) -> dict[str, Any]:
    return {"terminated": {"reason": reason, "exitCode": code}}


RUNNING = {"running": {"startedAt": "2026-11-21T14:00:00Z"}}
UNSCHEDULABLE = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
NONE = "0/1 nodes are available: 1"
NO_HELP = "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
NO_VICTIMS = "preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod."
NO_NODE = f"{NONE} node(s) didn't match Pod's node affinity/selector. {NO_HELP}"
NO_ROOM = f"{NONE} Insufficient cpu. {NO_VICTIMS}"
TAINTED = f"{NONE} node(s) had untolerated taint(s). {NO_HELP}"

FINE = {
    "no status yet": {"metadata": {"name": "api-0"}},
    "being created": pod(container(waiting("ContainerCreating"))),
    "starting": pod(container(RUNNING)),
    "ready": pod(container(RUNNING, ready=True)),
    "ready again after OOMKilled": pod(container(RUNNING, ended("OOMKilled", 137), ready=True)),
    "crashed once, runs again": pod(container(RUNNING, ended("Error", 1))),
    "init container has ended well": pod(container(RUNNING), init=(container(ended("Completed", 0), ready=True),)),
    "no room now, but others may end": pod(conditions=[{**UNSCHEDULABLE, "message": NO_ROOM}]),
    "node is starting": pod(conditions=[{**UNSCHEDULABLE, "message": TAINTED}]),
    "scheduled": pod(conditions=[{"type": "PodScheduled", "status": "True"}]),
    "being deleted": {
        "metadata": {"name": "api-0", "deletionTimestamp": "2026-11-21T14:00:00Z"},
        "status": {"containerStatuses": [container(waiting("CrashLoopBackOff"))]},
    },
}
HOPELESS = {
    "crash loop": (
        pod(container(waiting("CrashLoopBackOff", "back-off 10s restarting"), ended("Error", 3))),
        "Pod api-0, container app: CrashLoopBackOff (its last run ended with exit code 3)",
    ),
    "image that nobody has": (
        pod(container(waiting("ErrImagePull", "failed to resolve\n  reference"))),
        "Pod api-0, container app: ErrImagePull (failed to resolve reference)",
    ),
    "killed for memory": (
        pod(container(ended("OOMKilled", 137))),
        "Pod api-0, container app: OOMKilled (it took more memory than its limit and was killed, exit code 137)",
    ),
    "killed for memory, now in back-off": (
        pod(container(waiting("CrashLoopBackOff"), ended("OOMKilled", 137))),
        "Pod api-0, container app: OOMKilled (it took more memory than its limit and was killed, exit code 137)",
    ),
    "killed for memory, started again and not ready": (
        pod(container(RUNNING, ended("OOMKilled", 137))),
        "Pod api-0, container app: OOMKilled (it took more memory than its limit and was killed, exit code 137)",
    ),
    "second container": (
        pod(container(RUNNING, ready=True), {**container(waiting("ImagePullBackOff")), "name": "sidecar"}),
        "Pod api-0, container sidecar: ImagePullBackOff",
    ),
    "init container": (
        pod(container(waiting("PodInitializing")), init=({**container(waiting("InvalidImageName")), "name": "init"},)),
        "Pod api-0, container init: InvalidImageName",
    ),
    "no node": (pod(conditions=[{**UNSCHEDULABLE, "message": NO_NODE}]), f"Pod api-0: Unschedulable ({NO_NODE})"),
    "evicted": (
        pod(phase="Failed", reason="Evicted", message="The node was low on resource: memory."),
        "Pod api-0: Evicted (The node was low on resource: memory.)",
    ),
}


@pytest.mark.parametrize("case", FINE)
def test_a_pod_that_may_become_ready_gives_none(case: str) -> None:
    assert pod_complaint(FINE[case]) is None


@pytest.mark.parametrize("case", HOPELESS)
def test_a_pod_that_will_not_says_why(case: str) -> None:
    status, sentence = HOPELESS[case]
    assert str(pod_complaint(status)) == sentence


@pytest.mark.parametrize("reason", sorted(HOPELESS_WAITING))
def test_every_hopeless_reason_is_a_complaint_until_the_container_is_ready(reason: str) -> None:
    assert pod_complaint(pod(container(waiting(reason)))) == Complaint("Pod", "api-0", reason, "", "app")
    assert pod_complaint(pod(container(waiting(reason), ready=True))) is None


REFUSED = 'pods "api-1" is forbidden: violates PodSecurity "restricted:latest"'


def replica_set(*conditions: dict[str, str]) -> dict[str, Any]:
    return {"kind": "ReplicaSet", "metadata": {"name": "api-1"}, "status": {"conditions": list(conditions)}}


@pytest.mark.parametrize(
    ("conditions", "sentence"),
    [
        ((), None),
        (({"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated"},), None),
        (({"type": "Available", "status": "False", "reason": "MinimumReplicasUnavailable"},), None),
        (({"type": "ReplicaFailure", "status": "False", "reason": "FailedCreate"},), None),
        (
            ({"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": REFUSED},),
            f"ReplicaSet api-1: FailedCreate ({REFUSED})",
        ),
        (
            ({"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "timed out"},),
            "ReplicaSet api-1: ProgressDeadlineExceeded (timed out)",
        ),
    ],
)
def test_what_makes_pods_says_why_there_are_none(conditions: tuple[dict[str, str], ...], sentence: str | None) -> None:
    complaint = workload_complaint(replica_set(*conditions))
    assert (complaint and str(complaint)) == sentence
