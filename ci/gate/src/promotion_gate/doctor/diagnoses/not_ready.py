"""Pods that were created and do not become Ready: not scheduled, not configured, or their probe does not succeed."""

from __future__ import annotations

from chart_harness.clusters.complaints import pod_complaint
from promotion_gate.doctor.diagnoses import image_pull, out_of_memory
from promotion_gate.doctor.diagnoses.crashes import keeps_crashing
from promotion_gate.doctor.examination import Answer, CannotTell, Diagnosis, Examination
from promotion_gate.doctor.view import Pod, View
from promotion_gate.evidence import Missing
from promotion_gate.targets.cluster.pods import pod_state


def diagnose(view: View) -> Answer:
    """Every pod is Ready, those apart whose reason another diagnosis has named; and there are pods."""
    if isinstance(view.pods, Missing):
        return CannotTell(view.pods.reason)
    if not view.pods and view.deployment is not None:
        return Diagnosis(
            (f"No pod has the labels of Deployment {view.declared.name}.",),
            f"{view.declared.replicas} pods",
            f"kubectl describe deployment/{view.declared.name} --namespace {view.namespace} says what it waits for.",
        )
    seen = tuple(
        f"{pod.name}: {pod_state(pod.object, view.declared.image).reason}"
        for pod in view.pods
        if not pod.ready and not _explained(pod)
    )
    if not seen:
        return None
    return Diagnosis(
        seen,
        "every pod Ready",
        "Do what the reason says: a Secret or ConfigMap to create, a node with room, or a probe that must answer "
        f"(kubectl describe pod --namespace {view.namespace} shows its answers). A pod that has just started may need a moment.",
    )


def _explained(pod: Pod) -> bool:
    complaint = pod_complaint(pod.object)
    return (
        keeps_crashing(pod) or out_of_memory.killed(pod) or bool(complaint and complaint.reason in image_pull.REASONS)
    )


EXAMINATION = Examination("not-ready", "Pods are not Ready", diagnose)
