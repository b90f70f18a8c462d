"""The node cannot have the image."""

from __future__ import annotations

from chart_harness.clusters.complaints import pod_complaint
from promotion_gate.doctor.examination import Answer, CannotTell, Diagnosis, Examination
from promotion_gate.doctor.view import View, app_container
from promotion_gate.evidence import Missing

REASONS = frozenset({"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName", "ImageInspectError"})


def diagnose(view: View) -> Answer:
    """No pod waits for its image."""
    if isinstance(view.pods, Missing):
        return CannotTell(view.pods.reason)
    complaints = [(pod, pod_complaint(pod.object)) for pod in view.pods]
    seen = tuple(
        f"{pod.name} waits for {app_container(pod.object).get('image')}: {' '.join(filter(None, (why.reason, why.message)))}."
        for pod, why in complaints
        if why and why.reason in REASONS
    )
    if not seen:
        return None
    return Diagnosis(
        seen,
        f"the image {view.declared.image}, as the chart names it, on every node",
        "Compare the image with the chart's (workload.image); if it is right, see that it was pushed, that the node reaches the registry, "
        "and that the pull secret is in this namespace.",
    )


EXAMINATION = Examination("image-pull", "The image cannot be pulled", diagnose)
