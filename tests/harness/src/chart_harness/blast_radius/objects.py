"""The objects of a release as plain data, by what tells one from another, and the pods that they run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chart_harness.blast_radius.reach.grants import Pods
from chart_harness.frozen import thaw
from chart_harness.render import Release

Object = dict[str, Any]
Identity = tuple[str, str, str, str]
"""Group of the API, kind, namespace, name. Its version is no part of it: v1beta1 and v1 are one object."""

# Where the pod template of each kind of workload is.
_TEMPLATES = {
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "Pod": (),
}
WORKLOADS = frozenset(_TEMPLATES)


def objects(release: Release) -> dict[Identity, Object]:
    """The release's objects by their identity, in the order they were rendered."""
    found = {}
    for item in release.objects:
        plain = thaw(item)
        group = str(plain["apiVersion"]).rpartition("/")[0]
        namespace = str(plain["metadata"].get("namespace") or release.namespace)
        found[group, str(plain["kind"]), namespace, str(plain["metadata"]["name"])] = plain
    return found


def named(item: Mapping[str, Any]) -> str:
    """The object for a person: `Deployment aaa-api`."""
    return f"{item['kind']} {item['metadata']['name']}"


def pod_template(item: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The metadata and spec of the pods that an object runs; None for one that runs none."""
    if item["kind"] not in _TEMPLATES:
        return None
    found: Any = item
    for step in _TEMPLATES[item["kind"]]:
        found = found.get(step) or {}
    return found if isinstance(found, Mapping) else None


def containers(template: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """All containers of a pod template, those that run before the others among them."""
    spec = template.get("spec") or {}
    yield from spec.get("initContainers") or ()
    yield from spec.get("containers") or ()


@dataclass(frozen=True)
class Workload:
    """What runs pods: who it is, and its pods as policies and selectors see them."""

    service: str
    environment: str
    where: str
    pods: Pods


def workloads(service: str, environment: str, found: Mapping[Identity, Object]) -> Iterator[tuple[Identity, Workload]]:
    """Everything among the objects of a release that runs pods."""
    for identity, item in found.items():
        template = pod_template(item)
        if template is None:
            continue
        labels = (template.get("metadata") or {}).get("labels") or {}
        ports = {
            (str(port["name"]), str(port.get("protocol") or "TCP")): int(port["containerPort"])
            for container in containers(template)
            for port in container.get("ports") or ()
            if port.get("name")
        }
        yield identity, Workload(service, environment, named(item), Pods(identity[2], labels, ports))
