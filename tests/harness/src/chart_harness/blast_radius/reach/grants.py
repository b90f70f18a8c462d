"""What NetworkPolicies grant to one set of pods, as Kubernetes reads them: the union of all policies that select the pods.

Pods that no policy selects for a direction are open in that direction. Pods and addresses are kept apart, though a block of
addresses may hold those of pods: so a peer that turns from one into the other is always told, never overlooked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from chart_harness.blast_radius.reach import addresses, ports, selectors
from chart_harness.blast_radius.reach.boxes import Axis, Box, box, leftover
from chart_harness.blast_radius.reach.sets import Spans, Values

Policy = TypeVar("Policy", bound=Mapping[str, Any])
Direction = Literal["Ingress", "Egress"]
DIRECTIONS: tuple[Direction, ...] = ("Ingress", "Egress")

_IS_ADDRESS = Axis("peer is an address", Spans.of((0, 1)))
_POD = (_IS_ADDRESS, Spans.points([0]))
_ADDRESS = (_IS_ADDRESS, Spans.points([1]))


@dataclass(frozen=True)
class Grant:
    """One peer and one port that are let through: in words, and as a box."""

    words: str
    box: Box


OPEN = Grant("everyone, every port (no NetworkPolicy closes this direction)", {})


@dataclass(frozen=True)
class Pods:
    """The pods that are asked about: those of one workload, all alike."""

    namespace: str
    labels: Mapping[str, str]
    ports: ports.PortNames


def policy_types(policy: Mapping[str, Any]) -> tuple[str, ...]:
    """The directions a policy closes; when it does not say, as Kubernetes completes it."""
    spec = policy["spec"]
    return tuple(spec.get("policyTypes") or (("Ingress", "Egress") if spec.get("egress") else ("Ingress",)))


def selecting(policies: Iterable[Policy], pods: Pods) -> list[Policy]:
    """Those of the policies of the pods' namespace that select them."""
    return [policy for policy in policies if selectors.selects(policy["spec"].get("podSelector"), pods.labels)]


def grants(policies: Sequence[Mapping[str, Any]], pods: Pods, direction: Direction) -> list[Grant]:
    """Whom the policies, all of which select the pods, let through; OPEN when none of them closes the direction."""
    closing = [policy for policy in policies if direction in policy_types(policy)]
    if not closing:
        return [OPEN]
    key = "ingress" if direction == "Ingress" else "egress"
    return [grant for policy in closing for rule in policy["spec"].get(key) or () for grant in _rule(rule, pods, key)]


def beyond(those: Iterable[Grant], these: Iterable[Grant]) -> list[str]:
    """The words of those grants, sorted, that these do not hold already."""
    held = [grant.box for grant in these]
    return sorted({grant.words for grant in those if leftover(grant.box, held)})


def admits(grant: Grant, pods: Pods) -> bool:
    """Whether the peer of the grant can be these pods. Of their namespace only the name is known; other labels may be there."""
    namespace = selectors.namespace_label(selectors.NAMESPACE_NAME)
    known = {_IS_ADDRESS: Spans.points([0]), namespace: Values.of(pods.namespace)}
    for axis, side in grant.box.items():
        key = selectors.key_of_pod_label(axis)
        own: Any = known.get(axis) if key is None else Values.of(pods.labels.get(key))
        if own is not None and not own & side:
            return False
    return True


def _rule(rule: Mapping[str, Any], pods: Pods, key: str) -> Iterator[Grant]:
    names = pods.ports if key == "ingress" else None
    peers = list(rule.get("from" if key == "ingress" else "to") or ())
    to_ports = [(ports.words(port, names), ports.port_box(port, names)) for port in rule.get("ports") or ()]
    for who, peer in [_peer(peer, pods.namespace) for peer in peers] or [("everyone", box())]:
        for where, port in to_ports or [("every port", box())]:
            yield Grant(f"{who}: {where}", {**peer, **port})


def _peer(peer: Mapping[str, Any], namespace: str) -> tuple[str, Box]:
    block = peer.get("ipBlock")
    if block:
        return addresses.words(block), box(_ADDRESS, (addresses.ADDRESS, addresses.addresses(block)))
    pod_selector, namespace_selector = peer.get("podSelector"), peer.get("namespaceSelector")
    if namespace_selector is None:  # pods of the policy's own namespace
        namespaces = [(selectors.namespace_label(selectors.NAMESPACE_NAME), Values.of(namespace))]
    else:
        namespaces = [
            (selectors.namespace_label(key), values) for key, values in selectors.conditions(namespace_selector)
        ]
    labels = [(selectors.pod_label(key), values) for key, values in selectors.conditions(pod_selector)]
    who = f"pods with {selectors.words(pod_selector)}" if labels else "all pods"
    return f"{who} in {_namespaces(namespace_selector, namespace)}", box(_POD, *namespaces, *labels)


def _namespaces(selector: Mapping[str, Any] | None, own: str) -> str:
    if selector is None:
        return f"namespace {own}"
    said = selectors.canonical(selector)
    if set(said) == {selectors.NAMESPACE_NAME} and said[selectors.NAMESPACE_NAME].startswith("="):
        return f"namespace {said[selectors.NAMESPACE_NAME].removeprefix('=')}"
    return f"namespaces with {selectors.words(selector)}" if said else "every namespace"
