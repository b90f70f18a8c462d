"""A rollout never has fewer pods than asked for, and every container can be judged while it runs."""

from __future__ import annotations

from chart_harness.checks.pod_template import containers
from chart_harness.render import Release

PROBES = ("startupProbe", "readinessProbe", "livenessProbe")


def rollout(release: Release) -> list[str]:
    """What is missing for each Deployment: its strategy, its probes, its memory limit."""
    problems = []
    deployments = release.of_kind("Deployment")
    for deployment in deployments:
        owner = f"Deployment {deployment['metadata']['name']}"
        strategy = deployment["spec"].get("strategy", {})
        rolling = strategy.get("rollingUpdate", {})
        if strategy.get("type") != "RollingUpdate" or rolling.get("maxUnavailable") != 0 or not rolling.get("maxSurge"):
            problems.append(f"{owner}: a rollout may drop below the replicas: set maxUnavailable to 0, maxSurge to 1.")
        for container in containers(deployment["spec"]["template"]):
            where = f"{owner}, container {container['name']}"
            problems += [f"{where} has no {probe}." for probe in PROBES if probe not in container]
            if not container.get("resources", {}).get("limits", {}).get("memory"):
                problems.append(f"{where} has no memory limit.")
            ports = {port["name"] for port in container.get("ports", ())}
            asked = {container.get(probe, {}).get("httpGet", {}).get("port") for probe in PROBES}
            problems += [
                f"{where}: a probe asks port {port}, which no port is named." for port in asked - ports - {None}
            ]
    return problems if deployments else ["The release has no Deployment."]
