"""How far the rollout of a Deployment is: pure functions from the objects that Kubernetes reports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from chart_harness.clusters.complaints import Complaint, pod_complaint, workload_complaint

Object = Mapping[str, Any]

REVISION = "deployment.kubernetes.io/revision"


def unfinished(deployment: Object) -> str | None:
    """What a Deployment still waits for, as `kubectl rollout status` sees it; None when its rollout is finished."""
    status = deployment.get("status") or {}
    name, wanted = deployment["metadata"]["name"], deployment["spec"].get("replicas", 1)
    if status.get("observedGeneration", 0) < deployment["metadata"].get("generation", 0):
        return f"deployment {name} has not been looked at by its controller yet"
    for field, what in (("updatedReplicas", "up to date"), ("availableReplicas", "available")):
        if status.get(field, 0) < wanted:
            return f"deployment {name} has {status.get(field, 0)} of {wanted} pods {what}"
    if (old := status.get("replicas", 0) - status.get("updatedReplicas", 0)) > 0:
        return f"deployment {name} still has {old} pods of an earlier revision"
    return None


def complaints(deployment: Object, replica_sets: Iterable[Object], pods: Iterable[Object]) -> Iterator[Complaint]:
    """Why the rollout under way cannot finish: of the Deployment, of its newest ReplicaSet, of that one's pods.

    Pods of earlier revisions are not asked: a release that replaces a broken one is not to blame for it.
    """
    if (deployment.get("status") or {}).get("observedGeneration", 0) < deployment["metadata"].get("generation", 0):
        return  # what it says is about an earlier specification
    newest = newest_replica_set(deployment, replica_sets)
    if newest is not None:
        yield from (found for pod in pods_of(newest, pods) if (found := pod_complaint(pod)))
        if found := workload_complaint(newest):
            yield found
    if found := workload_complaint(deployment):
        yield found


def newest_replica_set(deployment: Object, replica_sets: Iterable[Object]) -> Object | None:
    """The ReplicaSet of the Deployment's present revision; None before there is one."""
    revision = (deployment["metadata"].get("annotations") or {}).get(REVISION)
    for item in replica_sets:
        if (item["metadata"].get("annotations") or {}).get(REVISION) == revision and _owned(item, deployment):
            return item
    return None


def pods_of(owner: Object, pods: Iterable[Object]) -> Sequence[Object]:
    """The pods that `owner`, a ReplicaSet, made."""
    return [pod for pod in pods if _owned(pod, owner)]


def _owned(item: Object, owner: Object) -> bool:
    uid = owner["metadata"]["uid"]
    return any(reference["uid"] == uid for reference in item["metadata"].get("ownerReferences") or ())
