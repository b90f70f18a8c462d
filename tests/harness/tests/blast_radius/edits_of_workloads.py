"""Edits of the shop's Deployment, and of what is about its pods: each with the one difference that it makes."""

from __future__ import annotations

from typing import Any

from chart_harness.blast_radius.change import Difference, Kind
from tests.harness.tests.blast_radius.shop import Edit, Objects, put

POD = "spec/template/spec"
APP = f"{POD}/containers/0"
KIOSK = {"matchLabels": {"app.kubernetes.io/name": "kiosk"}}
SHOP, TO_KIOSK = "app.kubernetes.io/name=shop", "app.kubernetes.io/name=kiosk"
EVERYONE = "everyone, every port (no NetworkPolicy closes this direction)"


def deployment(
    path: str, value: Any, kind: Kind, what: str, before: str | None, after: str | None
) -> tuple[Edit, Difference]:
    return put("Deployment", path, value), Difference(kind, "Deployment shop", what, before, after)


def app(path: str, value: Any, kind: Kind, what: str, before: str | None, after: str | None) -> tuple[Edit, Difference]:
    return deployment(f"{APP}/{path}", value, kind, f"{what} of container app", before, after)


def reach(
    path: str, value: Any, kind: Kind, way: str, before: str | None, after: str | None
) -> tuple[Edit, Difference]:
    return put("NetworkPolicy", f"spec/{path}", value), Difference(kind, "Deployment shop", way, before, after)


def without_annotations(made: Objects) -> None:
    del made["Deployment"]["spec"]["template"]["metadata"]["annotations"]


MEMORY, SECURITY = "resources/limits/memory", "securityContext/readOnlyRootFilesystem"
POD_NAME = '{"fieldRef": {"fieldPath": "metadata.name"}}'
WHO, WHOM = "who may reach its pods", "whom its pods may reach"
CALLER = {"from": [{"podSelector": {}}], "ports": [{"port": 8080}]}

WORKLOADS: dict[str, tuple[Edit, Difference]] = {
    "selector": deployment("spec/selector", KIOSK, Kind.SELECTOR_CHANGED, "selector", SHOP, TO_KIOSK),
    "fewer replicas": deployment("spec/replicas", 1, Kind.REPLICAS_LOWERED, "replicas", "2", "1"),
    "more replicas": deployment("spec/replicas", 10, Kind.REPLICAS_RAISED, "replicas", "2", "10"),
    "no replicas": deployment("spec/replicas", None, Kind.REPLICAS_LOWERED, "replicas", "2", None),
    "less memory": app(MEMORY, "900Mi", Kind.LIMIT_LOWERED, "memory limit", "1Gi", "900Mi"),
    "more memory": app(MEMORY, "1025Mi", Kind.LIMIT_RAISED, "memory limit", "1Gi", "1025Mi"),
    "no limits": app("resources/limits", None, Kind.LIMIT_RAISED, "memory limit", "1Gi", None),
    "a first limit": app("resources/limits/cpu", "1", Kind.LIMIT_LOWERED, "cpu limit", None, "1"),
    "devices": app("resources/limits/example.com~gpu", 1, Kind.LIMIT_LOWERED, "example.com/gpu limit", None, "1"),
    "a request": app("resources/requests/cpu", "100m", Kind.FIELD_CHANGED, "cpu request", "200m", "100m"),
    "image": app("image", "shop:2", Kind.IMAGE_CHANGED, "image", "shop:1.0.0", "shop:2"),
    "a variable": app("env/0/value", "9090", Kind.ENV_CHANGED, "METRICS_PORT", '"8080"', '"9090"'),
    "a variable less": app("env/1", None, Kind.ENV_CHANGED, "POD", POD_NAME, None),
    "an empty variable": app("env/2", {"name": "EMPTY"}, Kind.ENV_CHANGED, "EMPTY", None, '""'),
    "a port": app("ports/0/containerPort", 81, Kind.PORT_CHANGED, "port http", "8080 TCP", "81 TCP"),
    "a port more": app(
        "ports/1",
        {"name": "dns", "containerPort": 53, "protocol": "UDP"},
        Kind.PORT_CHANGED,
        "port dns",
        None,
        "53 UDP",
    ),
    "a probe": app("readinessProbe/periodSeconds", 9, Kind.PROBE_CHANGED, "readinessProbe.periodSeconds", "5", "9"),
    "a container's rights": app(SECURITY, 0, Kind.SECURITY_CHANGED, SECURITY.replace("/", "."), "true", "0"),
    "the pods' rights": deployment(f"{POD}/hostPID", 1, Kind.SECURITY_CHANGED, "hostPID of the pods", None, "1"),
    "a command": app("command/1", "--slow", Kind.FIELD_CHANGED, "command[1]", "--fast", "--slow"),
    "a container more": deployment(
        f"{POD}/containers/1", {"name": "side"}, Kind.FIELD_CHANGED, "container side", None, '{"name": "side"}'
    ),
    "no annotation": (
        without_annotations,
        Difference(Kind.SCRAPE_CHANGED, "Deployment shop", "annotation prometheus.io/scrape of the pods", "true", None),
    ),
    "a version": (
        put("Deployment", "metadata/labels/helm.sh~chart", None),
        Difference(Kind.LABELS_CHANGED, "Labels of objects", "helm.sh/chart", "shop-0.1.0", None),
    ),
    "a field that nothing is known of": deployment(
        "spec/strategy/type", "Recreate", Kind.FIELD_CHANGED, "spec.strategy.type", "RollingUpdate", "Recreate"
    ),
    "a caller more": reach(
        "ingress/1", CALLER, Kind.POLICY_WIDENED, WHO, None, "all pods in namespace staging: TCP 8080"
    ),
    "a caller less": reach(
        "ingress",
        None,
        Kind.POLICY_NARROWED,
        WHO,
        "pods with app.kubernetes.io/name=till in namespace staging: TCP 8080",
        None,
    ),
    "a way out": reach(
        "egress/0/to/0/ipBlock/cidr", "10.0.0.0/7", Kind.POLICY_WIDENED, WHOM, None, "addresses 10.0.0.0/7: TCP 5432"
    ),
    "a direction left open": reach("policyTypes", ["Ingress"], Kind.POLICY_WIDENED, WHOM, None, EVERYONE),
}
