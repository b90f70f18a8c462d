"""The metrics of a pod leave it one way: each page is scraped once, or the process pushes, never both.

A page that is scraped twice counts everything twice: through a headless Service beside the usual one, through a PodMonitor beside
a ServiceMonitor, or through annotations beside either.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from chart_harness.checks.pod_template import Object, containers, environment, pod_templates, selects
from chart_harness.render import Release

ANNOTATION = "prometheus.io/"
Page = tuple[int, str]


def one_scrape(release: Release) -> list[str]:
    """Pages that are scraped more than once, and pods whose metrics nobody or everybody gets."""
    problems = []
    templates = list(pod_templates(release))
    for owner, template in templates:
        pages = Counter(page for page in _scraped(release, template))
        problems += [
            f"{owner}: port {port}{path} is scraped {times} times: let one monitor, Service or annotation name it."
            for (port, path), times in sorted(pages.items())
            if times > 1
        ]
        for container in containers(template):
            told = {name: str(entry.get("value", "")) for name, entry in environment(container).items()}
            if told.get("PROMETHEUS_METRICS_ENABLE") != "true":
                continue
            where = f"{owner}, container {container['name']}"
            page = (int(told.get("METRICS_PORT") or 0), told.get("METRICS_PATH", ""))
            pushes = "OTEL_EXPORTER_OTLP_ENDPOINT" in told
            if pushes and page in pages:
                problems.append(f"{where} pushes, and its page is scraped too: everything would count twice.")
            if not pushes and page not in pages:
                problems.append(f"{where} neither pushes nor is scraped: nobody gets its metrics.")
    return problems if templates else ["The release runs no pods."]


def _scraped(release: Release, template: Object) -> Iterator[Page]:
    """The pages of the pods that Prometheus is told to scrape, once for each time that it is told."""
    labels = template["metadata"].get("labels", {})
    services = [
        s for s in release.of_kind("Service") if selects({"matchLabels": s["spec"].get("selector", {})}, labels)
    ]
    for monitor in release.of_kind("ServiceMonitor"):
        for service in services:
            if selects(monitor["spec"]["selector"], service["metadata"].get("labels", {})):
                for endpoint in monitor["spec"].get("endpoints", ()):
                    target = _target(service, endpoint.get("port"))
                    yield from _pages(template, target, endpoint.get("path", "/metrics"))
    for monitor in release.of_kind("PodMonitor"):
        if selects(monitor["spec"]["selector"], labels):
            for endpoint in monitor["spec"].get("podMetricsEndpoints", ()):
                yield from _pages(template, endpoint.get("port"), endpoint.get("path", "/metrics"))
    for source in (template, *services):
        annotations = source["metadata"].get("annotations", {})
        if annotations.get(f"{ANNOTATION}scrape") == "true":
            path = annotations.get(f"{ANNOTATION}path", "/metrics")
            yield int(annotations.get(f"{ANNOTATION}port", 0)), path


def _target(service: Object, name: object) -> object:
    """What the named port of a Service leads to in its pods: a port's name or number; None for no such port."""
    for port in service["spec"].get("ports", ()):
        if port.get("name") == name:
            return port.get("targetPort", port["port"])
    return None


def _pages(template: Object, target: object, path: str) -> Iterator[Page]:
    for container in containers(template):
        for port in container.get("ports", ()):
            if target is not None and target in (port.get("name"), port["containerPort"]):
                yield port["containerPort"], path
