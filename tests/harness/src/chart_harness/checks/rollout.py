"""A rollout never has fewer pods than asked for."""

from __future__ import annotations

from chart_harness.render import Release


def rollout(release: Release) -> list[str]:
    """Deployments whose strategy may stop a pod before its successor is ready."""
    problems = []
    deployments = release.of_kind("Deployment")
    for deployment in deployments:
        owner = f"Deployment {deployment['metadata']['name']}"
        strategy = deployment["spec"].get("strategy", {})
        rolling = strategy.get("rollingUpdate", {})
        if strategy.get("type") != "RollingUpdate" or rolling.get("maxUnavailable") != 0 or not rolling.get("maxSurge"):
            problems.append(f"{owner}: a rollout may drop below the replicas: set maxUnavailable to 0, maxSurge to 1.")
    return problems if deployments else ["The release has no Deployment."]
