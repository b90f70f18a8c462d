"""Prometheus reaches the metrics page: monitor, Service, container, METRICS_PORT and NetworkPolicy name the same port."""

from __future__ import annotations

from collections.abc import Iterator

from chart_harness.checks.pod_template import Object, containers, environment, pod_templates, selects
from chart_harness.render import Release

_NAME = "kubernetes.io/metadata.name"  # Kubernetes puts it on every namespace
_NOBODY: Object = {"matchLabels": {_NAME: ""}}


def scrape_path(release: Release, *, prometheus_namespace: str = "monitoring") -> list[str]:
    """Where the way from Prometheus to the page is broken, for each endpoint of each ServiceMonitor."""
    monitors = release.of_kind("ServiceMonitor")
    if not monitors:
        return ["The release has no ServiceMonitor."]
    problems = []
    for monitor in monitors:
        where = f"ServiceMonitor {monitor['metadata']['name']}"
        services = [s for s in release.of_kind("Service") if _monitors(monitor, s)]
        if len(services) != 1:
            problems.append(f"{where} selects {len(services)} Services, not one: each pod must be scraped once.")
            continue
        endpoints = monitor["spec"].get("endpoints", ())
        if not endpoints:
            problems.append(f"{where} has no endpoint.")
        for endpoint in endpoints:
            problems += [
                f"{where}: {problem}"
                for problem in _endpoint_problems(release, services[0], endpoint, prometheus_namespace)
            ]
    return problems


def _monitors(monitor: Object, service: Object) -> bool:
    return selects(monitor["spec"]["selector"], service["metadata"].get("labels", {}))


def _endpoint_problems(release: Release, service: Object, endpoint: Object, namespace: str) -> Iterator[str]:
    port = next((p for p in service["spec"].get("ports", ()) if p.get("name") == endpoint.get("port")), None)
    if port is None:
        yield f"no port of Service {service['metadata']['name']} is named {endpoint.get('port')}."
        return
    target = port.get("targetPort", port["port"])
    selector = {"matchLabels": service["spec"]["selector"]}
    pods = [t for _, t in pod_templates(release) if selects(selector, t["metadata"].get("labels", {}))]
    if not pods:
        yield f"Service {service['metadata']['name']} selects no pod."
    for template in pods:
        found = [
            (container, own["containerPort"])
            for container in containers(template)
            for own in container.get("ports", ())
            if target in (own.get("name"), own["containerPort"])
        ]
        if len(found) != 1:
            yield f"{len(found)} container ports are {target}, not one."
            continue
        container, number = found[0]
        told = environment(container).get("METRICS_PORT", {}).get("value")
        if told != str(number):
            yield f"the container listens on METRICS_PORT {told}, but port {number} is scraped."
        path = environment(container).get("METRICS_PATH", {}).get("value")
        if path != endpoint.get("path"):
            yield f"the page is on METRICS_PATH {path}, but {endpoint.get('path')} is scraped."
        if not _admitted(release, template, number, namespace):
            yield f"no NetworkPolicy lets Prometheus in on port {number}."


def _admitted(release: Release, template: Object, number: int, namespace: str) -> bool:
    """Whether the pod's policies open the port to Prometheus' namespace; without any policy every port is open."""
    labels = template["metadata"].get("labels", {})
    policies = [p for p in release.of_kind("NetworkPolicy") if selects(p["spec"]["podSelector"], labels)]
    rules = [rule for policy in policies for rule in policy["spec"].get("ingress", ())]
    return not policies or any(
        any(selects(peer.get("namespaceSelector", _NOBODY), {_NAME: namespace}) for peer in rule.get("from", ()))
        and number in [port.get("port") for port in rule.get("ports", ())]
        for rule in rules
    )
