"""Every pod has a NetworkPolicy that closes what reaches it."""

from __future__ import annotations

from chart_harness.checks.pod_template import pod_templates, selects
from chart_harness.render import Release


def pod_policies(release: Release) -> list[str]:
    """Pods of the release that no NetworkPolicy of the release closes to the rest of the cluster."""
    problems = []
    templates = list(pod_templates(release))
    policies = [policy["spec"] for policy in release.of_kind("NetworkPolicy")]
    for owner, template in templates:
        labels = template["metadata"].get("labels", {})
        own = [spec for spec in policies if selects(spec["podSelector"], labels)]
        if not own:
            problems.append(f"{owner}: no NetworkPolicy selects its pods, so everyone may call them.")
        elif not any("Ingress" in spec.get("policyTypes", ("Ingress",)) for spec in own):
            problems.append(f"{owner}: no NetworkPolicy of its pods closes ingress, so everyone may call them.")
    return problems if templates else ["The release runs no pods."]
