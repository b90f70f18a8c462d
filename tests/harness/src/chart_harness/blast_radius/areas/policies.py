"""Whom the NetworkPolicies of the whole fleet let reach which pods, before and after."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from chart_harness.blast_radius.change import Change, Difference, Kind
from chart_harness.blast_radius.fleet_policies import Fleet, FleetPolicies
from chart_harness.blast_radius.objects import Object, Workload, named
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
)

LETS_IN, LETS_OUT_TO = "a peer that may reach the pods of", "a peer that may be reached from the pods of"
ANY_POD = "every pod of the namespace"


def policy_changes(before: Fleet, after: Fleet) -> Iterator[Change]:
    """Pods that may be reached by, or reach, more or less than before; new pods only when nothing closes them to others."""
    one, other = FleetPolicies(before), FleetPolicies(after)
    for key, workload in other.workloads.items():
        old = one.workloads.get(key)
        for direction in DIRECTIONS:
            now = other.grants(key, direction)
            if old is not None:
                earlier = one.grants(key, direction)
                yield from _compared(workload.service, workload.environment, workload.where, direction, earlier, now)
            elif direction == "Ingress" and not beyond([OPEN], now):
                difference = Difference(Kind.POLICY_WIDENED, workload.where, _direction(direction), None, OPEN.words)
                yield Change(workload.service, workload.environment, difference)
    yield from _of_new_labels(one, other)
    yield from _of_foreign_pods(one, other)
    yield from _of_any_pod(one, other)


def _of_new_labels(one: FleetPolicies, other: FleetPolicies) -> Iterator[Change]:
    """Pods whose new labels are those of a peer that others let through: no policy changed, but who may reach whom did."""
    asked_for = other.keys_of_peers()
    for key, workload in other.workloads.items():
        old = one.workloads.get(key)
        if old is None or not asked_for & _changed(old.pods.labels, workload.pods.labels):
            continue
        gained = [
            f"{LETS_IN if direction == 'Ingress' else LETS_OUT_TO}: {peer.where}"
            for peer_key, peer in other.workloads.items()
            if peer_key != key
            for direction in DIRECTIONS
            if _admitted(other.grants(peer_key, direction), workload)
            and not _admitted(other.grants(peer_key, direction), old)
        ]
        if gained:
            yield Change(
                workload.service,
                workload.environment,
                Difference(Kind.POLICY_WIDENED, workload.where, "labels of its pods", None, "; ".join(sorted(gained))),
            )


def _changed(before: Mapping[str, str], after: Mapping[str, str]) -> set[str]:
    return {key for key in {*before, *after} if before.get(key) != after.get(key)}


def _admitted(some: list[Grant], workload: Workload) -> bool:
    return any(admits(grant, workload.pods) for grant in some)


def _of_foreign_pods(one: FleetPolicies, other: FleetPolicies) -> Iterator[Change]:
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


def _of_any_pod(one: FleetPolicies, other: FleetPolicies) -> Iterator[Change]:
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
