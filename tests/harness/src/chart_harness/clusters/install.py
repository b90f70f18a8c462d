"""`helm upgrade --install` of an assembled chart, with the values layered as the rendering tests layer them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chart_harness.assembly import assemble
from chart_harness.clusters.cluster import Cluster
from chart_harness.errors import RenderError
from chart_harness.fleet import values_files
from chart_harness.frozen import thaw
from chart_harness.helm import Helm, HelmError
from chart_harness.manifest import parse


@dataclass(frozen=True)
class Installed:
    """A release in a cluster, and the objects it consists of as Helm rendered them for that cluster."""

    cluster: Cluster
    namespace: str
    name: str
    revision: int
    objects: tuple[Mapping[str, Any], ...]

    @property
    def deployments(self) -> tuple[str, ...]:
        """The names of its Deployments."""
        return tuple(str(item["metadata"]["name"]) for item in self.objects if item["kind"] == "Deployment")

    @property
    def selector(self) -> str:
        """The labels that select its pods, as kubectl writes them."""
        return f"app.kubernetes.io/instance={self.name}"


def install_service(
    cluster: Cluster,
    namespace: str,
    root: Path,
    service: str,
    environment: str,
    *,
    name: str | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Installed:
    """Install a service of the fleet as its environment asks for, as release `name` (default: the service's).

    Raises FleetError for a service or environment there is none of, and what `install` raises.
    """
    chart, files = values_files(root, service, environment)
    return install(cluster, namespace, chart, name=name or service, values=files, overrides=overrides)


def install(
    cluster: Cluster,
    namespace: str,
    chart: Path,
    *,
    name: str,
    values: Sequence[Path] = (),
    overrides: Mapping[str, Any] | None = None,
    helm: Helm | None = None,
) -> Installed:
    """Install `chart`, or upgrade it where release `name` is in `namespace` already; does not wait for its pods.

    Arguments:
        values: files, each over the one before, as with `-f`.
        overrides: values over all files; None removes a key.

    Raises RenderError when Helm or the cluster refuses, HelmError when there is no Helm.
    """
    folder = assemble(chart)
    arguments = ["upgrade", "--install", name, str(folder), "--namespace", namespace, "--output", "json"]
    arguments += ["--kubeconfig", str(cluster.kubeconfig), "--kube-context", cluster.context]
    for path in values:
        arguments += ["--values", str(path)]
    try:
        answer = (helm or Helm()).run([*arguments, "--values", "-"], stdin=json.dumps(thaw(overrides or {})))
    except HelmError as error:
        raise RenderError(str(error), chart=folder) from error
    release = json.loads(answer)
    return Installed(cluster, namespace, name, int(release["version"]), parse(release["manifest"]))
