"""What runs is not the image that the chart names, or not everywhere."""

from __future__ import annotations

from chart_harness.clusters.rollout import unfinished
from promotion_gate.doctor.deviation import Stage, remedy
from promotion_gate.doctor.examination import Answer, CannotTell, Diagnosis, Examination
from promotion_gate.doctor.view import View, app_container
from promotion_gate.evidence import Missing
from promotion_gate.targets.cluster.pods import container_status, pod_state


def diagnose(view: View) -> Answer:
    """Every pod is of the present revision and has the chart's image, and one tag is one image."""
    if isinstance(view.pods, Missing):
        return CannotTell(view.pods.reason)
    declared = view.declared.image
    wrong = {
        pod.name: image
        for pod in view.pods
        if (image := str(app_container(pod.object).get("image", ""))) != declared
        or (pod.runs and (image := pod_state(pod.object, declared).image) != declared)
    }
    old = [pod.name for pod in view.pods if not pod.current]
    seen = [f"{name} has the image {image or 'that the runtime does not name'}." for name, image in wrong.items()]
    if old and not isinstance(view.deployment, Missing) and view.deployment is not None:
        waits = unfinished(view.deployment) or "nothing that it tells"
        seen.append(f"{', '.join(old)} of an earlier revision: the rollout waits for this: {waits}.")
    digests = {str(container_status(pod.object)["imageID"]).rpartition("@")[2] for pod in view.running}
    if len(digests) > 1 and not wrong and not old:
        seen.append(f"The pods run {len(digests)} different images of one name: {', '.join(sorted(digests))}.")
    if not seen:
        return None
    return Diagnosis(tuple(seen), f"the chart's image, {declared}, in every pod", remedy(view, _since(view, bool(old))))


def _since(view: View, rolling: bool) -> Stage:
    """The first place after the checkout that names another image."""
    release, deployment = view.installed_deployment(), view.deployment
    if release is not None and app_container(release).get("image") != view.declared.image:
        return Stage.RELEASE
    living = {} if isinstance(deployment, Missing) or deployment is None else app_container(deployment)
    if living.get("image", view.declared.image) != view.declared.image:
        return Stage.DEPLOYMENT
    return Stage.POD if rolling else Stage.RELEASE


EXAMINATION = Examination("old-image", "An old image, or a rollout that has not ended", diagnose)
