"""Prometheus reaches the metrics page: monitor, Service, container, METRICS_PORT and NetworkPolicy name the same port."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chart_harness.checks.pod_template import Object, containers, environment, pod_templates, selects
from chart_harness.render import Release

_NAME = "kubernetes.io/metadata.name"  # Kubernetes puts it on every namespace
_NOBODY: Object = {"matchLabels": {_NAME: ""}}


def scrape_path_where_pulled(release: Release) -> list[str]:
    """As scrape_path, but a release without a monitor has no problem: whether it needs one is for one_scrape to say."""
    pulled = release.of_kind("ServiceMonitor") or release.of_kind("PodMonitor")
    return scrape_path(release) if pulled else []


def scrape_path(release: Release, *, prometheus_namespace: str = "monitoring") -> list[str]:
    """Where the way from Prometheus to the page is broken, for each endpoint of each ServiceMonitor and PodMonitor.

    The first endpoint of a monitor is the process' own page; others, such as a sidecar's, need only be reached.
    """
    problems = []
    monitors = [*release.of_kind("ServiceMonitor"), *release.of_kind("PodMonitor")]
    for monitor in monitors:
        where = f"{monitor['kind']} {monitor['metadata']['name']}"
        found = _by_service if monitor["kind"] == "ServiceMonitor" else _by_pod
        problems += [f"{where} {problem}" for problem in found(release, monitor, prometheus_namespace)]
    return problems if monitors else ["The release has no ServiceMonitor."]


def _by_service(release: Release, monitor: Object, namespace: str) -> Iterator[str]:
    selector = monitor["spec"]["selector"]
    services = [s for s in release.of_kind("Service") if selects(selector, s["metadata"].get("labels", {}))]
    if len(services) != 1:
        yield f"selects {len(services)} Services, not one: each pod must be scraped once."
        return
    (service,) = services
    pods = _pods(release, {"matchLabels": service["spec"]["selector"]})
    if not pods:
        yield f"leads to Service {service['metadata']['name']}, which selects no pod."
    endpoints = monitor["spec"].get("endpoints", ())
    if not endpoints:
        yield "has no endpoint."
    for position, endpoint in enumerate(endpoints):
        name = endpoint.get("port")
        port = next((p for p in service["spec"].get("ports", ()) if p.get("name") == name), None)
        if port is None:
            yield f"scrapes port {name}: no port of Service {service['metadata']['name']} is named {name}."
            continue
        target = port.get("targetPort", port["port"])
        yield from _problems(release, pods, target, endpoint, namespace, own_page=position == 0)


def _by_pod(release: Release, monitor: Object, namespace: str) -> Iterator[str]:
    pods = _pods(release, monitor["spec"]["selector"])
    if not pods:
        yield "selects no pod."
    endpoints = monitor["spec"].get("podMetricsEndpoints", ())
    if not endpoints:
        yield "has no endpoint."
    for position, endpoint in enumerate(endpoints):
        yield from _problems(release, pods, endpoint.get("port"), endpoint, namespace, own_page=position == 0)


def _pods(release: Release, selector: Object) -> list[Object]:
    return [t for _, t in pod_templates(release) if selects(selector, t["metadata"].get("labels", {}))]


def _problems(
    release: Release, pods: Sequence[Object], target: object, endpoint: Object, namespace: str, *, own_page: bool
) -> Iterator[str]:
    for template in pods:
        found = [
            (container, own["containerPort"])
            for container in containers(template)
            for own in container.get("ports", ())
            if target in (own.get("name"), own["containerPort"])
        ]
        if len(found) != 1:
            yield f"scrapes port {target}: {len(found)} container ports are {target}, not one."
            continue
        container, number = found[0]
        if own_page:
            yield from _page_problems(container, number, endpoint)
        if not _admitted(release, template, number, namespace):
            yield f"is kept out: no NetworkPolicy lets Prometheus in on port {number}."


def _page_problems(container: Object, number: int, endpoint: Object) -> Iterator[str]:
    told = environment(container).get("METRICS_PORT", {}).get("value")
    if told != str(number):
        yield f"finds nobody: the container listens on METRICS_PORT {told}, but port {number} is scraped."
    path = environment(container).get("METRICS_PATH", {}).get("value")
    if path != endpoint.get("path"):
        yield f"finds no page: the page is on METRICS_PATH {path}, but {endpoint.get('path')} is scraped."


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
