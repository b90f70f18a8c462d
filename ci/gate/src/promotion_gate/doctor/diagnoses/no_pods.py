"""The Deployment has no pods: scaled to nothing, or what it would create is refused."""

from __future__ import annotations

from chart_harness.clusters.complaints import workload_complaint
from promotion_gate.doctor.examination import Answer, CannotTell, Diagnosis, Examination
from promotion_gate.doctor.view import View
from promotion_gate.evidence import Missing


def diagnose(view: View) -> Answer:
    """The Deployment wants pods, and nobody refuses them: PodSecurity, a quota, a webhook."""
    if isinstance(view.deployment, Missing) or isinstance(view.pods, Missing):
        missing = view.deployment if isinstance(view.deployment, Missing) else view.pods
        return CannotTell(missing.reason if isinstance(missing, Missing) else "")
    if view.deployment is None:
        return None
    name, wanted = view.declared.name, view.deployment["spec"].get("replicas", 1)
    if not wanted:
        return Diagnosis(
            (f"Deployment {name} is scaled to 0.",),
            f"{view.declared.replicas} replicas, as the chart says",
            f"kubectl scale deployment/{name} --replicas={view.declared.replicas} --namespace {view.namespace}",
        )
    refused = [
        str(complaint)
        for item in (() if isinstance(view.replica_sets, Missing) else view.replica_sets)
        if item["spec"].get("replicas") and (complaint := workload_complaint({**item, "kind": "ReplicaSet"}))
    ]
    if not refused:
        return None
    return Diagnosis(
        tuple(refused),
        "pods that the cluster admits",
        "The message names what refuses them: a quota to raise, a webhook to ask, or a setting of the pod that PodSecurity forbids.",
    )


EXAMINATION = Examination("no-pods", "There are no pods", diagnose)
