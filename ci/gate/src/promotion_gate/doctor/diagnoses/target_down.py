"""Prometheus cannot scrape a pod, in its own words; or does not try."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chart_harness.clusters.prometheus import Target
from promotion_gate.doctor.diagnoses.series_rejected import LIMIT
from promotion_gate.doctor.examination import Answer, CannotTell, Diagnosis, Examination
from promotion_gate.doctor.view import Pod, View
from promotion_gate.evidence import Missing

_DISCOVERED = 120.0
"""Seconds within which operator, kubelet and Prometheus have passed a new target on."""


def diagnose(view: View) -> Answer:
    """Every Ready pod is a target of Prometheus, and its last scrape succeeded; broken limits are another diagnosis."""
    if not view.pulled:
        return None
    if isinstance(view.targets, Missing):
        return CannotTell(view.targets.reason)
    pods = {pod.name: pod for pod in view.running if pod.ready}
    mine = [target for target in view.targets if target.labels.get("pod") in pods]
    down = [
        f"Prometheus on {target.labels['pod']}: {target.last_error}."
        for target in mine
        if target.health == "down" and not LIMIT.search(target.last_error)
    ]
    if down:
        return Diagnosis(
            tuple(down),
            "targets that are up",
            "Prometheus' words say how far it came: a time-out is the network or a slow page, refused is the port, 404 the path, 500 the "
            "service's own log.",
        )
    return _not_tried(view, pods, mine)


def _not_tried(view: View, pods: Mapping[str, Pod], mine: Sequence[Target]) -> Answer:
    """What if a pod is no target, or was not scraped yet; just started ones are given time."""
    absent = [pod for name, pod in pods.items() if name not in {target.labels["pod"] for target in mine}]
    old = [pod.name for pod in absent if (pod.age(view.taken_at) or 0) >= _DISCOVERED]
    if old:
        return Diagnosis(
            tuple(f"Prometheus has no target {name}." for name in old),
            "every Ready pod a target",
            "If its monitor is there and selected, look at the operator's log and at Prometheus' rights: it must list Services, "
            f"EndpointSlices and pods of namespace {view.namespace}.",
        )
    waited_for = [*(pod.name for pod in absent), *(t.labels["pod"] for t in mine if t.health == "unknown")]
    if waited_for:
        return CannotTell(f"{', '.join(waited_for)} started a moment ago and was not scraped yet; ask again")
    return None


EXAMINATION = Examination("target-down", "Prometheus cannot scrape it", diagnose)
