"""The policies and the pods of one render of the whole fleet: which policies hold for which pods, and what they grant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from chart_harness.blast_radius.objects import Identity, Object, Workload, objects, workloads
from chart_harness.blast_radius.reach.grants import DIRECTIONS, Direction, Grant, Pods, grants, selecting
from chart_harness.blast_radius.reach.selectors import key_of_pod_label
from chart_harness.render import Release

Fleet = Mapping[tuple[str, str], Release]
"""The releases of the fleet by service and environment."""
Key = tuple[str, str, Identity]
"""An object of the fleet: its service, its environment, and itself."""

POLICY_GROUP = "networking.k8s.io"


class FleetPolicies:
    """Made once from a render; it keeps what it has computed, so it is for one thread."""

    def __init__(self, fleet: Fleet) -> None:
        self.policies: dict[Key, Object] = {}
        self.workloads: dict[Key, Workload] = {}
        self._of_namespace: dict[str, list[Object]] = defaultdict(list)
        self._grants: dict[tuple[Key, Direction], list[Grant]] = {}
        for (service, environment), release in fleet.items():
            found = objects(release)
            for identity, item in found.items():
                if identity[:2] == (POLICY_GROUP, "NetworkPolicy"):
                    self.policies[service, environment, identity] = item
                    self._of_namespace[identity[2]].append(item)
            for identity, workload in workloads(service, environment, found):
                self.workloads[service, environment, identity] = workload

    def selecting(self, pods: Pods) -> list[Object]:
        """The policies that hold for these pods, whichever service has them."""
        return selecting(self._of_namespace[pods.namespace], pods)

    def selected(self) -> set[int]:
        """The policies that hold for any pods of the fleet, by id()."""
        return {id(policy) for workload in self.workloads.values() for policy in self.selecting(workload.pods)}

    def grants(self, workload: Key, direction: Direction) -> list[Grant]:
        """What all policies of a workload's pods let through."""
        known = self._grants.get((workload, direction))
        if known is None:
            pods = self.workloads[workload].pods
            known = self._grants[workload, direction] = grants(self.selecting(pods), pods, direction)
        return known

    def keys_of_peers(self) -> set[str]:
        """The labels of pods that any of the fleet's policies asks for in a peer."""
        every = (grant for workload in self.workloads for way in DIRECTIONS for grant in self.grants(workload, way))
        return {key for grant in every for axis in grant.box if (key := key_of_pod_label(axis))}
