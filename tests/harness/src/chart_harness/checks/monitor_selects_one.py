"""A ServiceMonitor selects exactly one Service of its release, and a PodMonitor the pods of exactly one Deployment."""

from __future__ import annotations

from chart_harness.checks.pod_template import Object, pod_templates, selects
from chart_harness.render import Release

# A monitor that selects by less finds the Services of other releases in the same namespace, too.
IDENTITY = frozenset({"app.kubernetes.io/instance", "app.kubernetes.io/name"})


def monitor_selects_one(release: Release) -> list[str]:
    """Monitors that select nothing, more than one thing, or what is not their release's. A release without any has no problem."""
    problems = []
    services = [service["metadata"].get("labels", {}) for service in release.of_kind("Service")]
    pods = [template["metadata"].get("labels", {}) for _, template in pod_templates(release)]
    for kind, candidates, called in (("ServiceMonitor", services, "Services"), ("PodMonitor", pods, "Deployments")):
        for monitor in release.of_kind(kind):
            where = f"{kind} {monitor['metadata']['name']}"
            selector: Object = monitor["spec"]["selector"]
            count = sum(selects(selector, labels) for labels in candidates)
            if count != 1:
                problems.append(f"{where} selects {count} {called}, not one.")
            missing = sorted(IDENTITY - set(selector.get("matchLabels", {})))
            problems += [f"{where} does not select by {label}: it may find another release's." for label in missing]
            namespaces = monitor["spec"].get("namespaceSelector", {})
            if namespaces.get("any") or set(namespaces.get("matchNames", ())) - {release.namespace}:
                problems.append(f"{where} looks into namespaces that are not its own: leave namespaceSelector out.")
    return problems
