"""Fields of Services: whom they select, their ports, and who can come in."""

from __future__ import annotations

import re
from typing import Any

from chart_harness.blast_radius.change import Kind
from chart_harness.blast_radius.objects import Object, Workload
from chart_harness.blast_radius.reach import selectors
from chart_harness.blast_radius.row import Row
from chart_harness.blast_radius.tree import MISSING

_SERVICES = frozenset({"Service"})


def canonical(service: Object, workloads: list[Workload]) -> Object:
    """The Service with what Kubernetes completes, and port names of its pods as the numbers they stand for."""
    spec = dict(service.get("spec") or {})
    selector = {"matchLabels": spec.get("selector") or {}}
    pods = [one.pods for one in workloads if spec.get("selector") and selectors.selects(selector, one.pods.labels)]
    ports = []
    for port in spec.get("ports") or ():
        protocol = port.get("protocol") or "TCP"
        target = port.get("targetPort", port["port"])
        numbers = {one.ports.get((target, protocol)) for one in pods} if isinstance(target, str) else set()
        if len(numbers) == 1 and None not in numbers:  # pods that disagree leave the name as it is
            target = numbers.pop()
        ports.append({**port, "protocol": protocol, "targetPort": target})
    return {**service, "spec": {**spec, "ports": ports}}


def _selector(value: Any) -> str | None:
    return None if value is MISSING else selectors.words({"matchLabels": value}) or "nothing"


def _port(port: Any) -> str | None:
    return None if port is MISSING else f"{port['port']} {port['protocol']} to {port['targetPort']}"


ROWS = (
    Row(_SERVICES, re.compile(r"spec\.selector"), Kind.SELECTOR_CHANGED, "selector", _selector),
    Row(_SERVICES, re.compile(r"spec\.ports\[(?P<name>[^]]+)\]"), Kind.PORT_CHANGED, "port {name}", _port),
    Row(_SERVICES, re.compile(r"spec\.ports"), Kind.PORT_CHANGED, "ports"),
    Row(
        _SERVICES,
        re.compile(r"spec\.(?P<name>(type|clusterIP|external|loadBalancer|publishNotReady).*)"),
        Kind.SECURITY_CHANGED,
        "{name}",
    ),
)
