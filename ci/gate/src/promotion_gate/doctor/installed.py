"""A release as Helm has it in a cluster."""

from __future__ import annotations

import json

from chart_harness.clusters.cluster import Cluster
from chart_harness.helm import Helm, HelmError
from chart_harness.manifest import parse
from promotion_gate.doctor.view import Installed

_NOT_FOUND = "release: not found"


def installed(cluster: Cluster, namespace: str, name: str, helm: Helm | None = None) -> Installed | None:
    """What Helm installed last under this name; None if there is no such release. Only reads.

    Raises HelmError when there is no Helm, or it may not look; RenderError when what it has is no manifest.
    """
    where = ["--namespace", namespace, "--kubeconfig", str(cluster.kubeconfig), "--kube-context", cluster.context]
    helm = helm or Helm()
    try:
        status = json.loads(helm.run(["status", name, *where, "--output", "json"]))
    except HelmError as error:
        if _NOT_FOUND in str(error):
            return None
        raise
    manifest = helm.run(["get", "manifest", name, *where])
    values = json.loads(helm.run(["get", "values", name, *where, "--output", "json"])) or {}
    return Installed(int(status["version"]), str(status["info"]["status"]), parse(manifest), values)
