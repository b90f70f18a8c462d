"""The clusters that the gate runs a release in: a kind cluster of this host, or one that the user names."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from chart_harness.clusters.cluster import Cluster, ClusterError
from chart_harness.clusters.context import ContextProvider, file_of
from chart_harness.clusters.kind import KindProvider
from chart_harness.clusters.loading import load, local_image, node_of
from chart_harness.clusters.owners import Owner
from chart_harness.clusters.prometheus import SERVICE as PROMETHEUS
from chart_harness.clusters.provider import ClusterProvider
from chart_harness.clusters.session import acquire, release
from cluster_images import engine
from promotion_gate.targets.cluster.pods import in_full

PROMETHEUS_VARIABLE = "GATE_PROMETHEUS"
"""Of the environment: where a cluster's Prometheus is, as namespace/service:port, if it is not at its usual place."""


@dataclass(frozen=True)
class Place:
    """A cluster to run a release in, and what a verdict from there is worth. For one thread."""

    name: str
    fit_for_promotion: bool
    note: str
    """What this place cannot prove, in one sentence."""
    provider: ClusterProvider
    provide: Callable[[Cluster, list[str]], None]
    """Sees to it that pods can have these images. Raises ClusterError that names one that is not to be had."""
    prometheus: str = field(default_factory=lambda: os.environ.get(PROMETHEUS_VARIABLE, "") or PROMETHEUS)
    """Where the cluster's Prometheus is: namespace/service:port."""
    patience: float = 90.0
    """Seconds that it may take to hear of a monitor or a rule and to look at it once."""

    def open(self) -> Cluster:
        """The cluster, booted if need be; it stays until `close`, or until this process ends. Raises ClusterError."""
        return acquire(self.provider, Owner.of(os.getpid()))

    def close(self) -> None:
        """Deletes what was booted if nobody else uses it; safe twice and before `open`. Raises ClusterError."""
        release(self.provider, Owner.of(os.getpid()))


def kind(environment: str) -> Place:
    """The kind cluster that sessions share: the one that runs, else one that is booted and deleted again."""
    note = (
        f"Ran in a kind cluster: kubelet, limits, NetworkPolicies, broker, collector and Prometheus are real, but {environment}'s own "
        "nodes, secrets and neighbours are not there; only a verdict from a cluster that you name can promote."
    )
    return Place("kind", fit_for_promotion=False, note=note, provider=KindProvider(), provide=load_missing)


def context(name: str, environment: str) -> Place:
    """An existing cluster by its context; its nodes pull their images themselves."""
    note = f"Ran in a namespace of its own beside {environment}'s, with the same manifests; no user's request reached it there."
    return Place(
        f"context:{name}",
        fit_for_promotion=True,
        note=note,
        provider=ContextProvider(name),
        provide=lambda _cluster, _images: None,
        # a kubelet refreshes the volume with Prometheus' configuration once a minute, and its reloader may look every three minutes
        patience=240.0,
    )


def in_use(name: str) -> Place:
    """An existing cluster by its context, to deploy a release there or to look at one, in the namespace of its environment.

    It need not allow tests: nothing is tried out in it that has no leave to be there.
    """
    return replace(context(name, ""), fit_for_promotion=False, note="", provider=_InUse(name))


class _InUse(ContextProvider):
    def find(self) -> Cluster:
        """The cluster. Raises ClusterError when there is no such context."""
        return Cluster(self.name, file_of(self._context), self._context)


def load_missing(cluster: Cluster, images: list[str]) -> None:
    """Loads into the node of a kind cluster what it does not have yet. Raises ClusterError if the engine has no such image."""
    try:
        client = engine.connect()
    except engine.EngineError as error:
        raise ClusterError(str(error)) from error
    wanted = [local_image(client, reference) for reference in images]
    listed = client.containers.get(node_of(cluster.name)).exec_run(
        ["ctr", "--namespace=k8s.io", "images", "list", "--quiet"]
    )
    has = set(listed.output.decode().split())
    # the node knows an image by its id, and by each of its names
    load(client, cluster.name, [image.reference for image in wanted if not {image.id, in_full(image.reference)} <= has])
