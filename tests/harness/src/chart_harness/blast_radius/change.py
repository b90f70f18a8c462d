"""One difference between two renders of the fleet, and the kinds of them, the most dangerous first."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What a change means. The order is that of the report: what cuts somebody off or lets somebody in comes first."""

    POLICY_WIDENED = ("policy-widened", "Policy widened", "Somebody may now reach, or be reached by, what was closed.")
    SELECTOR_CHANGED = (
        "selector-changed",
        "Selector changed",
        "A Deployment refuses it; a Service or a monitor loses the pods it had.",
    )
    SERVICE_REMOVED = ("service-removed", "Service removed", "Nothing of it is rendered any more.")
    OBJECT_REMOVED = ("object-removed", "Object removed", "Helm deletes it with the next upgrade.")
    PORT_CHANGED = ("port-changed", "Port changed", "Callers that know the old one are refused.")
    POLICY_NARROWED = ("policy-narrowed", "Policy narrowed", "A call that was let through may not be any more.")
    ALERT_LOST = ("alert-lost", "Alert or recording rule lost", "Nobody is told any more.")
    LIMIT_LOWERED = ("limit-lowered", "Limit lowered", "Pods are killed or slowed, or a scrape is dropped, sooner.")
    REPLICAS_LOWERED = ("replicas-lowered", "Fewer replicas", "The same load on fewer pods.")
    SCRAPE_CHANGED = ("scrape-changed", "Scrape changed", "Series may go, or get other labels.")
    SECURITY_CHANGED = ("security-changed", "Security changed", "What a pod may do on its node or in the cluster.")
    PROBE_CHANGED = ("probe-changed", "Probe changed", "When a pod gets work, and when it is restarted.")
    ALERT_CHANGED = (
        "alert-changed",
        "Alert or recording rule changed",
        "Other things fire it, or it says other things.",
    )
    IMAGE_CHANGED = ("image-changed", "Image changed", "Another program runs.")
    ENV_CHANGED = ("env-changed", "Environment variable changed", "The program is told other things.")
    REPLICAS_RAISED = ("replicas-raised", "More replicas", "More pods to place.")
    LIMIT_RAISED = ("limit-raised", "Limit raised", "A pod may use more of its node.")
    FIELD_CHANGED = ("field-changed", "Other fields changed", "Nothing is known about them here: read them.")
    DASHBOARD_CHANGED = ("dashboard-changed", "Dashboard changed", "People see other things.")
    ALERT_ADDED = ("alert-added", "Alert or recording rule added", "Somebody may be told something new.")
    SERVICE_ADDED = ("service-added", "Service added", "It was not rendered before.")
    OBJECT_ADDED = ("object-added", "Object added", "It was not rendered before.")
    LABELS_CHANGED = ("labels-changed", "Labels of versions changed", "No selector may hold them.")
    PODS_RESTART = ("pods-restart", "Pods restart", "The pod template differs, so a rollout replaces every pod.")

    def __init__(self, key: str, title: str, meaning: str) -> None:
        self.key = key
        self.title = title
        self.meaning = meaning

    @property
    def blocks(self) -> bool:
        """Whether a change of this kind fails the comparison until somebody acknowledges it."""
        return self in {Kind.POLICY_WIDENED, Kind.SELECTOR_CHANGED}


ORDER = {kind: position for position, kind in enumerate(Kind)}


@dataclass(frozen=True)
class Difference:
    """What differs within one release.

    Attributes:
        where: the object, as kind and name: `Deployment aaa-api`.
        what: the part of it: `env METRICS_PORT of container app`; empty where the object itself is meant.
        before, after: what it was and is, in words; None where it was or is not there.
    """

    kind: Kind
    where: str
    what: str = ""
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True)
class Change:
    """A difference, and the release it is in."""

    service: str
    environment: str
    difference: Difference
