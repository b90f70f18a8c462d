"""Whom the NetworkPolicies of the whole fleet let reach which pods, before and after."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from chart_harness.blast_radius.change import Change, Difference, Kind
from chart_harness.blast_radius.objects import Identity, Object, Workload, named, objects, workloads
from chart_harness.blast_radius.reach import selectors
from chart_harness.blast_radius.reach.grants import (
    DIRECTIONS,
    OPEN,
    Direction,
    Grant,
    Pods,
    admits,
    beyond,
    grants,
    selecting,
)
from chart_harness.render import Release

Fleet = Mapping[tuple[str, str], Release]
"""The releases of the fleet by service and environment."""

POLICY_GROUP = "networking.k8s.io"
LETS_IN, LETS_OUT_TO = "a peer that may reach the pods of", "a peer that may be reached from the pods of"
ANY_POD = "every pod of the namespace"


class Side:
    """The policies and the pods of one render of the fleet."""

    def __init__(self, fleet: Fleet) -> None:
        self.policies: dict[tuple[str, str, Identity], Object] = {}
        self.workloads: dict[tuple[str, str, Identity], Workload] = {}
        self._of_namespace: dict[str, list[Object]] = defaultdict(list)
        for (service, environment), release in fleet.items():
            for identity, item in objects(release).items():
                if identity[:2] == (POLICY_GROUP, "NetworkPolicy"):
                    self.policies[service, environment, identity] = item
                    self._of_namespace[identity[2]].append(item)
            for identity, workload in workloads(service, environment, release):
                self.workloads[service, environment, identity] = workload

    def selecting(self, pods: Pods) -> list[Object]:
        """The policies that hold for these pods, whichever service has them."""
        return selecting(self._of_namespace[pods.namespace], pods)  # type: ignore[return-value]  # the same objects

    def selected(self) -> set[int]:
        """The policies that hold for any pods of the fleet, by id()."""
        return {id(policy) for workload in self.workloads.values() for policy in self.selecting(workload.pods)}


def policy_changes(before: Fleet, after: Fleet) -> Iterator[Change]:
    """Pods that may be reached by, or reach, more or less than before; new pods only when nothing closes them to others."""
    one, other = Side(before), Side(after)
    for key, workload in other.workloads.items():
        old = one.workloads.get(key)
        policies = other.selecting(workload.pods)
        for direction in DIRECTIONS:
            now = grants(policies, workload.pods, direction)
            if old is not None:
                earlier = grants(one.selecting(old.pods), old.pods, direction)
                yield from _compared(workload.service, workload.environment, workload.where, direction, earlier, now)
            elif direction == "Ingress" and not beyond([OPEN], now):
                difference = Difference(Kind.POLICY_WIDENED, workload.where, _direction(direction), None, OPEN.words)
                yield Change(workload.service, workload.environment, difference)
    yield from _of_new_labels(one, other)
    yield from _of_foreign_pods(one, other)
    yield from _of_any_pod(one, other)


def _of_new_labels(one: Side, other: Side) -> Iterator[Change]:
    """Pods whose new labels are those of a peer that others let through: no policy changed, but who may reach whom did."""
    for key, workload in other.workloads.items():
        old = one.workloads.get(key)
        if old is None or old.pods.labels == workload.pods.labels:
            continue
        gained = [
            f"{LETS_IN if direction == 'Ingress' else LETS_OUT_TO}: {peer.where}"
            for peer_key, peer in other.workloads.items()
            if peer_key != key
            for direction in DIRECTIONS
            if _admitted(other, peer, direction, workload) and not _admitted(other, peer, direction, old)
        ]
        if gained:
            yield Change(
                workload.service,
                workload.environment,
                Difference(Kind.POLICY_WIDENED, workload.where, "labels of its pods", None, "; ".join(sorted(gained))),
            )


def _admitted(side: Side, peer: Workload, direction: Direction, pods: Workload) -> bool:
    policies = side.selecting(peer.pods)
    return any(admits(grant, pods.pods) for grant in grants(policies, peer.pods, direction))


def _of_foreign_pods(one: Side, other: Side) -> Iterator[Change]:
    """Policies of their own: whose pods they are for, and, when the fleet runs none of those, whom they let through."""
    selected = one.selected() | other.selected()
    for service, environment, identity in sorted({*one.policies, *other.policies}):
        old, new = forms = [side.policies.get((service, environment, identity)) for side in (one, other)]
        where = named(new or old or {})
        if old and new:
            chosen = [form["spec"].get("podSelector") or {} for form in (old, new)]
            if selectors.canonical(chosen[0]) != selectors.canonical(chosen[1]):
                said = (selectors.words(selector) or ANY_POD for selector in chosen)
                yield Change(service, environment, Difference(Kind.SELECTOR_CHANGED, where, "podSelector", *said))
        if any(form is not None and (id(form) in selected or _for_any_pod(form)) for form in forms):
            continue
        for direction in DIRECTIONS:
            earlier, now = (grants([form] if form else [], Pods(identity[2], {}, {}), direction) for form in forms)
            yield from _compared(service, environment, where, direction, earlier, now)


def _of_any_pod(one: Side, other: Side) -> Iterator[Change]:
    """Policies for every pod of a namespace: they hold for pods that others put there, too."""
    owners: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for side in (one, other):
        for (service, environment, identity), policy in side.policies.items():
            if _for_any_pod(policy):
                owners[identity[2]].append((service, environment))
    for namespace, releases in sorted(owners.items()):
        pods = Pods(namespace, {}, {})
        policies = [[policy for policy in side.selecting(pods) if _for_any_pod(policy)] for side in (one, other)]
        for direction in DIRECTIONS:
            earlier, now = (grants(some, pods, direction) for some in policies)
            yield from _compared(*min(releases), f"Other pods of namespace {namespace}", direction, earlier, now)


def _for_any_pod(policy: Object) -> bool:
    return not selectors.canonical(policy["spec"].get("podSelector"))


def _compared(
    service: str, environment: str, where: str, direction: Direction, before: list[Grant], after: list[Grant]
) -> Iterator[Change]:
    what = _direction(direction)
    if before == after:
        return
    if gained := beyond(after, before):
        difference = Difference(Kind.POLICY_WIDENED, where, what, None, "; ".join(gained))
        yield Change(service, environment, difference)
    if lost := beyond(before, after):
        difference = Difference(Kind.POLICY_NARROWED, where, what, "; ".join(lost), None)
        yield Change(service, environment, difference)


def _direction(direction: Direction) -> str:
    return "who may reach its pods" if direction == "Ingress" else "whom its pods may reach"
