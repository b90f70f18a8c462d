"""Where a release pushes, and what its pods say of it; for the diagnoses that tell one failed push from another."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from promotion_gate.doctor.view import Object, Pod, View
from promotion_gate.evidence import Missing

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
FAILS = re.compile(r"Pushing metrics to (\S+) fails \((.*)\); trying again")
"""What the library says when pushing begins to fail (service_metrics/otlp/push.py)."""
_WORKS_AGAIN = re.compile(r"Pushing metrics to \S+ works again")
_CLUSTER = re.compile(r"^(?P<service>[a-z0-9-]+)\.(?P<namespace>[a-z0-9-]+)\.svc(?:\.[a-z0-9.-]+)?$")
_SHORT = re.compile(r"^(?P<service>[a-z0-9-]+)(?:\.(?P<namespace>[a-z0-9-]+))?$")


@dataclass(frozen=True)
class Endpoint:
    """An OTLP endpoint in the cluster: a Service's port."""

    service: str
    namespace: str
    port: int


def in_cluster(url: str, own_namespace: str) -> Endpoint | None:
    """The Service that an endpoint's host names; None for a host outside the cluster, and for what is no URL."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return None
    found = _CLUSTER.match(parts.hostname or "") or _SHORT.match(parts.hostname or "")
    if not found or parts.hostname == "localhost":
        return None
    return Endpoint(found["service"], found["namespace"] or own_namespace, port)


def target_port(view: View, pod: Object) -> int | None:
    """The port of a collector's pod that the endpoint's port of its Service leads to; None if none does."""
    endpoint = in_cluster(view.declared.literal(ENDPOINT), view.namespace)
    if endpoint is None or isinstance(view.collector, Missing) or not view.collector or not view.collector.service:
        return None
    ports = view.collector.service["spec"].get("ports") or ()
    port = next((port for port in ports if port["port"] == endpoint.port), None)
    target = None if port is None else port.get("targetPort", port["port"])
    if target is None or isinstance(target, int):
        return target
    declared = [port for c in pod["spec"].get("containers") or () for port in c.get("ports") or ()]
    return next((int(port["containerPort"]) for port in declared if port.get("name") == target), None)


def failing(pod: Pod) -> tuple[str, str] | None:
    """Where to and why its pushes fail, in the library's last words on it; None if they do not, or work again."""
    state: tuple[str, str] | None = None
    for line in () if isinstance(pod.log, Missing) else pod.log:
        if found := FAILS.search(line.text):
            state = (found[1], found[2])
        elif _WORKS_AGAIN.search(line.text):
            state = None
    return state
