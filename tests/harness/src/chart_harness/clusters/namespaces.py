"""A namespace of a test's own: fresh, with PodSecurity `restricted` enforced, and gone afterwards."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chart_harness.clusters.cluster import Cluster
from chart_harness.clusters.install import Installed, install, install_service
from chart_harness.clusters.waits import READY_SECONDS, until_ready
from chart_harness.fleet import FleetError

RUN_LABEL = "chart-harness/run"
"""The label of every namespace that tests made; its value says in which run, so that a later one can remove what was left."""

RESTRICTED = {
    "pod-security.kubernetes.io/enforce": "restricted",
    "pod-security.kubernetes.io/enforce-version": "latest",
}
"""The labels with which a namespace lets in only pods that PodSecurity calls restricted."""

_LONGEST = 63


@dataclass(frozen=True)
class Namespace:
    """A namespace that tests may install in. Immutable; threads may share it."""

    cluster: Cluster
    name: str
    fleet_root: Path | None = None
    """The folder that holds charts/services; needed to install a service of the fleet."""

    def install(
        self,
        service: str | Path,
        environment: str = "",
        *,
        name: str | None = None,
        overrides: Mapping[str, Any] | None = None,
        wait: bool = True,
        deadline: float = READY_SECONDS,
    ) -> Installed:
        """`helm upgrade --install` a service of the fleet for `environment`, or the chart in a folder, and wait until it is ready.

        Arguments:
            name: of the release, by default the service's or the folder's.
            overrides: values over all files; None removes a key.
            wait: until every Deployment has rolled out, `deadline` seconds at most.

        Raises FleetError, RenderError or HelmError when the chart cannot be installed, and what `until_ready` raises.
        """
        if isinstance(service, Path):
            release = install(self.cluster, self.name, service, name=name or service.name, overrides=overrides)
        elif self.fleet_root is None:
            raise FleetError(
                f"Nobody has said where the chart of service {service} is: give the namespace a fleet_root."
            )
        else:
            release = install_service(
                self.cluster, self.name, self.fleet_root, service, environment, name=name, overrides=overrides
            )
        if wait:
            until_ready(release, deadline=deadline)
        return release

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        """Run kubectl in this namespace and return what it wrote. Raises ClusterError with all that it said."""
        return self.cluster.kubectl("--namespace", self.name, *arguments, stdin=stdin)

    def apply(self, *objects: Mapping[str, Any]) -> None:
        """Create these objects here, or change them to be so. Raises ClusterError when the cluster refuses one."""
        self.kubectl(
            "apply",
            "--server-side",
            "--filename",
            "-",
            stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}),
        )

    def delete(self) -> None:
        """Ask the cluster to remove the namespace and all that is in it; does not wait until it has."""
        self.cluster.kubectl("delete", "namespace", self.name, "--wait=false", "--ignore-not-found")


def create(cluster: Cluster, purpose: str, run: str, fleet_root: Path | None = None) -> Namespace:
    """Make a namespace for `purpose`, whose words begin its name; `run` says which test run it belongs to. Raises ClusterError."""
    namespace = Namespace(cluster, unique_name(purpose), fleet_root)
    cluster.kubectl("create", "--filename", "-", stdin=json.dumps(manifest(namespace.name, run)))
    return namespace


def manifest(name: str, run: str) -> dict[str, Any]:
    """A Namespace that lets in only pods that PodSecurity calls restricted."""
    labels = {RUN_LABEL: run, **RESTRICTED}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def unique_name(purpose: str) -> str:
    """A name that nobody else has, with the first words of `purpose`; a valid name of a namespace or pod."""
    words = re.sub(r"[^a-z0-9]+", "-", purpose.lower()).strip("-")
    suffix = uuid.uuid4().hex[:8]
    return f"{words[: _LONGEST - len(suffix) - 1].rstrip('-') or 'test'}-{suffix}"
