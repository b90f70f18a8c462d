"""A NetworkPolicy keeps Prometheus from the page, or the pod from the collector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from promotion_gate.doctor.diagnoses.collector import target_port
from promotion_gate.doctor.diagnoses.scraping import in_words, labels_of
from promotion_gate.doctor.examination import Answer, CannotTell, Diagnosis, Examination
from promotion_gate.doctor.view import Around, Object, View
from promotion_gate.evidence import Missing
from promotion_gate.targets.cluster.connections import place
from promotion_gate.targets.cluster.policies import Place, lets_through, selects, types


def diagnose(view: View) -> Answer:
    """The policies that are in force let the metrics through: in for a release that is scraped, out for one that pushes."""
    for part in (view.pods, view.policies, view.namespace_labels):
        if isinstance(part, Missing):
            return CannotTell(part.reason)
    if isinstance(view.pods, Missing) or isinstance(view.policies, Missing) or not view.pods or not view.metrics_on:
        return None
    pod = next((pod for pod in view.pods if pod.current), view.pods[0]).object
    labels = {} if isinstance(view.namespace_labels, Missing) else view.namespace_labels
    own = replace(place(dict(pod)), namespace_labels=labels)
    return _ingress(view, own, view.policies) if view.pulled else _egress(view, own, view.policies)


def _ingress(view: View, own: Place, policies: Sequence[Object]) -> Answer:
    names, port = _closing(policies, own, "Ingress"), view.declared.metrics_port
    if isinstance(view.prometheus, Missing):
        return CannotTell(view.prometheus.reason) if names else None
    if not view.prometheus.pods:
        return CannotTell(f"no pod of Prometheus was found in namespace {view.prometheus.namespace}") if names else None
    kept_out = [
        peer
        for peer in view.prometheus.pods
        if lets_through(policies, _peer(peer, view.prometheus), own, port) is False
    ]
    if not kept_out:
        return None
    seen = [
        f"{_named(names or _closing(policies, _peer(peer, view.prometheus), 'Egress'))}, and nothing lets "
        f"{_who(peer, view.prometheus)} call {own.name} on TCP {port}."
        for peer in kept_out
    ]
    mine = {pod.name for pod in (() if isinstance(view.pods, Missing) else view.pods)}
    seen += [
        f"Prometheus on {target.labels['pod']}: {target.last_error}."
        for target in (() if isinstance(view.targets, Missing) else view.targets)
        if target.health == "down" and target.labels.get("pod") in mine
    ]
    return Diagnosis(
        tuple(seen),
        f"a policy that lets Prometheus in on TCP {port}, as metrics.networkPolicy renders it",
        "Deploy the checkout again if the policy was edited, and see who added one that the chart does not render; if Prometheus' "
        "labels or namespace are others here, say so in metrics.networkPolicy.",
    )


def _egress(view: View, own: Place, policies: Sequence[Object]) -> Answer:
    names = _closing(policies, own, "Egress")
    if view.collector is None:
        return None
    if isinstance(view.collector, Missing):
        return CannotTell(view.collector.reason) if names else None
    kept_in = [
        (peer, port)
        for peer in view.collector.pods
        if (port := target_port(view, peer)) and lets_through(policies, own, _peer(peer, view.collector), port) is False
    ]
    if not kept_in:
        return None
    return Diagnosis(
        tuple(
            f"{_named(names or _closing(policies, _peer(peer, view.collector), 'Ingress'))}, and nothing lets {own.name} call "
            f"{_who(peer, view.collector)} on TCP {port}."
            for peer, port in kept_in
        ),
        "a policy that lets the pod call the collector, as metrics.networkPolicy renders it",
        "Deploy the checkout again if the policy was edited, and see who added one that the chart does not render; if the "
        "collector's labels or namespace are others here, say so in metrics.networkPolicy.",
    )


def _closing(policies: Sequence[Object], own: Place, direction: str) -> list[str]:
    """The names of the policies that close this direction for a pod."""
    closing = [policy for policy in policies if selects(policy, own) and direction in types(policy)]
    return [f"{policy['metadata']['name']} in namespace {own.namespace}" for policy in closing]


def _peer(pod: Object, around: Around) -> Place:
    return replace(place(dict(pod)), namespace_labels=around.labels)


def _named(names: Sequence[str]) -> str:
    one = len(names) == 1
    return f"NetworkPolic{'y' if one else 'ies'} {', '.join(names)} {'decides' if one else 'decide'}"


def _who(pod: Object, around: Around) -> str:
    return f"pod {pod['metadata']['name']} ({in_words(labels_of(pod))}) of namespace {around.namespace}"


EXAMINATION = Examination("network-policy", "A NetworkPolicy is in the way", diagnose)
