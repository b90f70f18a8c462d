"""The clusters that the gate runs a release in: a kind cluster of this host, or one that the user names."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from chart_harness.clusters.cluster import Cluster
from chart_harness.clusters.context import ContextProvider
from chart_harness.clusters.kind import KindProvider
from chart_harness.clusters.loading import load
from chart_harness.clusters.owners import Owner
from chart_harness.clusters.provider import ClusterProvider
from chart_harness.clusters.session import acquire, release


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
    return Place("kind", fit_for_promotion=False, note=note, provider=KindProvider(), provide=load)


def context(name: str, environment: str) -> Place:
    """An existing cluster by its context; its nodes pull their images themselves."""
    note = f"Ran in a namespace of its own beside {environment}'s, with the same manifests; no user's request reached it there."
    return Place(
        f"context:{name}",
        fit_for_promotion=True,
        note=note,
        provider=ContextProvider(name),
        provide=lambda _cluster, _images: None,
    )
