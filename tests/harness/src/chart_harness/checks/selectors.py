"""Selectors hold only what never changes, and select what they are meant to."""

from __future__ import annotations

from chart_harness.checks.pod_template import pod_templates, selects
from chart_harness.render import Release

# They change with every release: a Deployment's selector cannot be edited, a monitor's would lose the service.
CHANGING = frozenset({"app.kubernetes.io/version", "helm.sh/chart"})


def selectors(release: Release) -> list[str]:
    """Problems of the selectors of Deployments, Services, monitors and NetworkPolicies."""
    problems = []
    templates = [template["metadata"].get("labels", {}) for _, template in pod_templates(release)]
    if not templates:
        return ["The release runs no pods."]
    for item in release.objects:
        spec = item.get("spec", {})
        where = f"{item['kind']} {item['metadata']['name']}"
        if item["kind"] == "Service":
            selector = {"matchLabels": spec.get("selector", {})}
        elif item["kind"] in {"Deployment", "PodMonitor", "ServiceMonitor"}:
            selector = spec.get("selector", {})
        elif item["kind"] == "NetworkPolicy":
            selector = spec.get("podSelector", {})
        else:
            continue
        labels = selector.get("matchLabels", {})
        if not labels:
            problems.append(f"{where}: its selector is empty, so it selects everything.")
        changing = sorted(CHANGING & set(labels))
        problems += [f"{where}: its selector holds {label}, which changes with a release." for label in changing]
        if item["kind"] != "ServiceMonitor" and not any(selects(selector, own) for own in templates):
            problems.append(f"{where}: its selector matches no pod of the release.")
    return problems
