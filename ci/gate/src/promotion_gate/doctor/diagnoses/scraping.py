"""Who scrapes a release: its Services, and the monitors that find them or its pods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chart_harness.blast_radius.reach import selectors
from promotion_gate.doctor.view import Object, View
from promotion_gate.evidence import Missing

MONITORS = frozenset({"ServiceMonitor", "PodMonitor"})


@dataclass(frozen=True)
class Finding:
    """A monitor, and what it finds of the release: Services for a ServiceMonitor, nothing to name for a PodMonitor."""

    monitor: Object
    services: tuple[Object, ...]

    @property
    def name(self) -> str:
        return f"{self.monitor['kind']} {self.monitor['metadata']['name']}"

    @property
    def endpoints(self) -> tuple[Mapping[str, Any], ...]:
        key = "endpoints" if self.monitor["kind"] == "ServiceMonitor" else "podMetricsEndpoints"
        return tuple(self.monitor["spec"].get(key) or ())


def own_services(view: View) -> list[Object]:
    """The release's Services as they are in the cluster, by the names that the chart renders."""
    names = {item["metadata"]["name"] for item in view.rendered if item["kind"] == "Service"}
    return [] if isinstance(view.services, Missing) else [s for s in view.services if s["metadata"]["name"] in names]


def findings(view: View) -> list[Finding]:
    """The monitors of the namespace that find something of the release; whoever made them."""
    return list(_findings(view))


def _findings(view: View) -> Iterator[Finding]:
    pods = [labels_of(pod.object) for pod in (() if isinstance(view.pods, Missing) else view.pods)]
    for monitor in () if isinstance(view.monitors, Missing) else view.monitors:
        selector = monitor["spec"].get("selector")
        if not _looks_into(monitor, view.namespace):
            continue
        if monitor["kind"] == "PodMonitor":
            if any(selectors.selects(selector, labels) for labels in [view.declared.labels, *pods]):
                yield Finding(monitor, ())
        elif services := [s for s in own_services(view) if selectors.selects(selector, labels_of(s))]:
            yield Finding(monitor, tuple(services))


def _looks_into(monitor: Object, namespace: str) -> bool:
    wanted = monitor["spec"].get("namespaceSelector") or {}
    return bool(wanted.get("any")) or not wanted.get("matchNames") or namespace in wanted["matchNames"]


def rendered_monitors(view: View) -> list[str]:
    """The names of the monitors that the chart renders."""
    return [str(item["metadata"]["name"]) for item in view.rendered if item["kind"] in MONITORS]


def labels_of(item: Object) -> Mapping[str, str]:
    """The labels of an object of the API."""
    return item["metadata"].get("labels") or {}


def in_words(labels: Mapping[str, str]) -> str:
    """Labels for a person: `app=shop, tier=web`."""
    return ", ".join(f"{key}={value}" for key, value in sorted(labels.items())) or "none"
