"""The clusters that the gate runs a release in: a kind cluster of this host, or one that the user names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from chart_harness.clusters.cluster import Cluster


class Place(Protocol):
    """A cluster that can be opened and closed. For one thread."""

    name: str
    fit_for_promotion: bool
    note: str

    def open(self) -> Cluster:
        """The cluster, booted if need be. Raises ClusterError."""

    def provide(self, images: Iterable[str]) -> None:
        """Sees to it that pods can have these images. Raises ClusterError that names one that is not to be had."""

    def close(self) -> None:
        """Gives up what `open` took; safe twice and before `open`."""
