"""Fields of Services: whom they select, their ports, and who can come in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from chart_harness.blast_radius.change import Kind
from chart_harness.blast_radius.objects import Object, Workload
from chart_harness.blast_radius.reach import selectors
from chart_harness.blast_radius.reach.grants import Pods
from chart_harness.blast_radius.row import Row
from chart_harness.blast_radius.tree import MISSING

_SERVICES = frozenset({"Service"})


def canonical(service: Object, workloads: list[Workload], other: Object) -> Object:
    """The Service with what Kubernetes completes; a target that `other`, its other form, names otherwise is its number."""
    spec = dict(service.get("spec") or {})
    targets = {_key(port): _target(port) for port in _ports(other)}
    pods = _selected(spec, workloads)
    ports = []
    for port in _ports(service):
        protocol, target = port.get("protocol") or "TCP", _target(port)
        if isinstance(target, str) and targets.get(_key(port), target) != target:
            numbers = {one.ports.get((target, protocol)) for one in pods}
            if len(numbers) == 1 and None not in numbers:  # pods that disagree leave the name as it is
                target = numbers.pop()
        ports.append({**port, "protocol": protocol, "targetPort": target})
    return {**service, "spec": {**spec, "ports": ports}}


def _selected(spec: Mapping[str, Any], workloads: list[Workload]) -> list[Pods]:
    selector = {"matchLabels": spec.get("selector") or {}}
    return [one.pods for one in workloads if spec.get("selector") and selectors.selects(selector, one.pods.labels)]


def _ports(service: Object) -> list[Any]:
    return list((service.get("spec") or {}).get("ports") or ())


def _key(port: Mapping[str, Any]) -> Any:
    return port.get("name") or port["port"]


def _target(port: Mapping[str, Any]) -> Any:
    return port.get("targetPort", port["port"])


def _selector(value: Any) -> str | None:
    return None if value is MISSING else selectors.words({"matchLabels": value}) or "nothing"


def _port(port: Any) -> str | None:
    return None if port is MISSING else f"{port['port']} {port['protocol']} to {port['targetPort']}"


ROWS = (
    Row(_SERVICES, re.compile(r"spec\.selector"), Kind.SELECTOR_CHANGED, "selector", _selector),
    Row(_SERVICES, re.compile(r"spec\.ports\[(?P<name>[^]]+)\]"), Kind.PORT_CHANGED, "port {name}", _port),
    Row(_SERVICES, re.compile(r"spec\.ports"), Kind.PORT_CHANGED, "ports", deep=True),
    Row(
        _SERVICES,
        re.compile(r"spec\.(?P<name>(type|clusterIP|external|loadBalancer|publishNotReady).*)"),
        Kind.SECURITY_CHANGED,
        "{name}",
    ),
)
