"""A Helm release in a cluster: its revisions, what they consist of, and going back to one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chart_harness.clusters.cluster import Cluster
from chart_harness.helm import Helm, HelmError
from chart_harness.manifest import parse

_NOT_FOUND = "not found"
_MOST_REVISIONS = 256


@dataclass(frozen=True)
class Revision:
    """One revision of a release, as `helm history` tells it; immutable."""

    number: int
    status: str
    """deployed, superseded, failed, uninstalled, pending-install, pending-upgrade or pending-rollback."""
    chart: str
    description: str
    updated: str

    @property
    def pending(self) -> bool:
        """Whether somebody's Helm is at work on it, or was killed while it was."""
        return self.status.startswith("pending-")


@dataclass(frozen=True)
class HelmRelease:
    """The release `name` in a namespace. Immutable; threads may share it. Every method raises HelmError."""

    cluster: Cluster
    namespace: str
    name: str
    helm: Helm = field(default_factory=Helm)

    def history(self) -> tuple[Revision, ...]:
        """Its revisions, the oldest first; none if there is no such release."""
        try:
            said = self._run("history", self.name, "--output", "json", "--max", str(_MOST_REVISIONS))
        except HelmError as error:
            if _NOT_FOUND in str(error):
                return ()
            raise
        return revisions(json.loads(said))

    def objects(self, revision: int | None = None) -> tuple[Mapping[str, Any], ...]:
        """The objects of a revision (the newest); none if there is no such release."""
        which = ["--revision", str(revision)] if revision is not None else []
        try:
            return parse(self._run("get", "manifest", self.name, *which))
        except HelmError as error:
            if _NOT_FOUND in str(error):
                return ()
            raise

    def roll_back(self, revision: int) -> None:
        """Makes a new revision with the objects of an earlier one; does not wait for its pods."""
        self._run("rollback", self.name, str(revision))

    def uninstall(self) -> None:
        """Removes the release and all its objects, and waits until they are gone; its history goes too."""
        self._run("uninstall", self.name, "--wait", "--timeout", "50s", "--ignore-not-found")

    def _run(self, *arguments: str) -> str:
        where = ("--namespace", self.namespace, "--kubeconfig", str(self.cluster.kubeconfig))
        return self.helm.run([*arguments, *where, "--kube-context", self.cluster.context])


def revisions(document: Sequence[Mapping[str, Any]]) -> tuple[Revision, ...]:
    """What `helm history --output json` says, the oldest first."""
    found = (
        Revision(
            int(one["revision"]),
            str(one["status"]),
            str(one.get("chart", "")),
            str(one.get("description", "")),
            str(one.get("updated", "")),
        )
        for one in document
    )
    return tuple(sorted(found, key=lambda revision: revision.number))


def serving(history: Sequence[Revision]) -> Revision | None:
    """The revision whose objects are in the cluster: the last one that Helm brought there whole; None if there is none.

    A failed upgrade leaves the earlier one `deployed`; after a killed one it is that too.
    """
    whole = [revision for revision in history if revision.status == "deployed"]
    return whole[-1] if whole else None
