"""Two renders of the fleet compared by meaning: every difference is told, once, as the most that is known about it."""

from __future__ import annotations

from collections.abc import Iterator

from chart_harness.blast_radius.areas import alerts, dashboards, metadata, monitors, others, restarts, services
from chart_harness.blast_radius.areas import workloads as workload_fields
from chart_harness.blast_radius.areas.policies import policy_changes
from chart_harness.blast_radius.change import Change, Difference, Kind
from chart_harness.blast_radius.fleet_policies import POLICY_GROUP, Fleet
from chart_harness.blast_radius.objects import (
    WORKLOADS,
    Identity,
    Object,
    Workload,
    containers,
    named,
    objects,
    pod_template,
    workloads,
)
from chart_harness.blast_radius.row import read
from chart_harness.render import Release

# The first row that fits a place tells it.
_ROWS = (*metadata.ROWS, *workload_fields.ROWS, *services.ROWS, *monitors.ROWS, *others.ROWS)


def compare(before: Fleet, after: Fleet) -> list[Change]:
    """Everything that differs between the two, in no particular order; the same objects give nothing."""
    changes = list(policy_changes(before, after))
    for service, environment in sorted({*before, *after}):
        old, new = before.get((service, environment)), after.get((service, environment))
        changes += [Change(service, environment, found) for found in _release(service, environment, old, new)]
    return changes


def _release(service: str, environment: str, before: Release | None, after: Release | None) -> Iterator[Difference]:
    if before is None or after is None:
        yield Difference(Kind.SERVICE_REMOVED if before else Kind.SERVICE_ADDED, service)
        return
    if before.objects == after.objects:
        return
    one, other = objects(before), objects(after)
    pods = [[workload for _, workload in workloads(service, environment, side)] for side in (one, other)]
    for identity in [*one, *(identity for identity in other if identity not in one)]:
        old, new = one.get(identity), other.get(identity)
        if old is None or new is None:
            yield from _came_or_went(identity, old, new)
        elif old != new:
            yield from _object(identity, old, new, *pods)
    yield from alerts.alert_differences(one.values(), other.values())


def _came_or_went(identity: Identity, old: Object | None, new: Object | None) -> Iterator[Difference]:
    item = old or new or {}
    yield Difference(Kind.OBJECT_REMOVED if old else Kind.OBJECT_ADDED, named(item))
    if _closes_traffic(identity):
        yield _not_understood(item)


def _object(
    identity: Identity, old: Object, new: Object, pods_before: list[Workload], pods_after: list[Workload]
) -> Iterator[Difference]:
    if _closes_traffic(identity):
        yield _not_understood(new)
    yield from read(_canonical(identity, old, pods_before, new), _canonical(identity, new, pods_after, old), _ROWS)
    if identity[1] == "ConfigMap":
        yield from dashboards.dashboard_differences(old, new)
    yield from restarts.restart(old, new)


def _canonical(identity: Identity, item: Object, pods: list[Workload], other: Object) -> Object:
    """The object without what another comparison reads, and completed as the API server would."""
    if identity[:2] == (POLICY_GROUP, "NetworkPolicy"):
        return {**item, "spec": {}}
    match identity[1]:
        case "Service":
            return services.canonical(item, pods, other)
        case "PrometheusRule":
            return alerts.without_rules(item)
        case "ConfigMap":
            return dashboards.without_dashboards(item)
        case kind if kind in WORKLOADS:
            for container in containers(pod_template(item) or {}):
                for port in container.get("ports") or ():
                    port.setdefault("protocol", "TCP")
    return item


def _closes_traffic(identity: Identity) -> bool:
    """Whether the object is a network policy of another API than Kubernetes' own, whose meaning is not computed here."""
    return "NetworkPolicy" in identity[1] and identity[0] != POLICY_GROUP


def _not_understood(item: Object) -> Difference:
    said = f"a policy of {item['apiVersion']}, which is not understood here: taken for widened"
    return Difference(Kind.POLICY_WIDENED, named(item), "", None, said)
