"""Edits of the shop's other objects: each with the one difference that it makes."""

from __future__ import annotations

from typing import Any

from chart_harness.blast_radius.change import Difference, Kind
from tests.harness.tests.blast_radius.edits_of_workloads import KIOSK, SHOP, TO_KIOSK
from tests.harness.tests.blast_radius.shop import PANELS, Edit, panels, put

Row = tuple[Edit, Difference]


def of(kind: str, path: str, value: Any, change: Kind, what: str, before: str | None, after: str | None) -> Row:
    return put(kind, path, value), Difference(change, f"{kind} shop", what, before, after)


def service(path: str, value: Any, change: Kind, what: str, before: str | None, after: str | None) -> Row:
    return of("Service", f"spec/{path}", value, change, what, before, after)


def monitor(path: str, value: Any, change: Kind, what: str, before: str | None, after: str | None) -> Row:
    return of("ServiceMonitor", f"spec/{path}", value, change, what, before, after)


def rule(path: str, value: Any, change: Kind, what: str, before: str | None, after: str | None) -> Row:
    return of("PrometheusRule", f"spec/groups/0/{path}", value, change, what, before, after)


def dashboard(edit: Edit, change: Kind, what: str, before: str | None, after: str | None) -> Row:
    return edit, Difference(change, "ConfigMap shop-dashboard", what, before, after)


REQUESTS = "sum(rate(http_requests_total[5m]))"
DOWN = {"alert": "Down", "expr": "up == 0"}
BUDGET = '{"matchLabels": {"app.kubernetes.io/name": "%s"}}'
SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "more"}}
NOTES = "data/notes"

SERVICES: dict[str, Row] = {
    "selector": service("selector", KIOSK["matchLabels"], Kind.SELECTOR_CHANGED, "selector", SHOP, TO_KIOSK),
    "no selector": service("selector", None, Kind.SELECTOR_CHANGED, "selector", SHOP, None),
    "a port": service("ports/0/port", 81, Kind.PORT_CHANGED, "port http", "80 TCP to http", "81 TCP to http"),
    "a target": service("ports/0/targetPort", 81, Kind.PORT_CHANGED, "port http", "80 TCP to 8080", "80 TCP to 81"),
    "a port more": service("ports/1", {"name": "x", "port": 9}, Kind.PORT_CHANGED, "port x", None, "9 TCP to 9"),
    "open to the world": service("type", "LoadBalancer", Kind.SECURITY_CHANGED, "type", "ClusterIP", "LoadBalancer"),
    "headless": service("clusterIP", "None", Kind.SECURITY_CHANGED, "clusterIP", None, "None"),
}
MONITORS: dict[str, Row] = {
    "selector": monitor("selector", KIOSK, Kind.SELECTOR_CHANGED, "selector", SHOP, TO_KIOSK),
    "every namespace": monitor(
        "namespaceSelector", {"any": 1}, Kind.SELECTOR_CHANGED, "spec.namespaceSelector", None, '{"any": 1}'
    ),
    "fewer samples": monitor("sampleLimit", 999, Kind.LIMIT_LOWERED, "sampleLimit", "1000", "999"),
    "samples without end": monitor("sampleLimit", 0, Kind.LIMIT_RAISED, "sampleLimit", "1000", "0"),
    "a first limit": monitor("bodySizeLimit", "10MB", Kind.LIMIT_LOWERED, "bodySizeLimit", None, "10MB"),
    "an interval": monitor(
        "endpoints/0/interval", "1m", Kind.SCRAPE_CHANGED, "spec.endpoints[http].interval", "30s", "1m"
    ),
    "a relabeling": monitor(
        "endpoints/0/relabelings", [1], Kind.SCRAPE_CHANGED, "spec.endpoints[http].relabelings", None, "[1]"
    ),
    "a label": of(
        "ServiceMonitor", "metadata/labels/release", "x", Kind.SCRAPE_CHANGED, "metadata.labels.release", "stack", "x"
    ),
}
RULES: dict[str, Row] = {
    "an alert less": rule("rules/0", None, Kind.ALERT_LOST, "alert Slow (page)", "p99 > 1", None),
    "a recording rule less": rule(
        "rules/1", None, Kind.ALERT_LOST, "recording rule shop:requests:rate5m", REQUESTS, None
    ),
    "a query": rule("rules/0/expr", "p99 > 2", Kind.ALERT_CHANGED, "alert Slow (page): expr", "p99 > 1", "p99 > 2"),
    "a time": rule("rules/0/for", "9m", Kind.ALERT_CHANGED, "alert Slow (page): for", "5m", "9m"),
    "a text": rule(
        "rules/0/annotations/summary",
        "Hm.",
        Kind.ALERT_CHANGED,
        "alert Slow (page): annotations.summary",
        "It is slow.",
        "Hm.",
    ),
    "an interval": rule("interval", "2m", Kind.ALERT_CHANGED, "spec.groups[shop].interval", "1m", "2m"),
    "a label": of(
        "PrometheusRule", "metadata/labels/release", "x", Kind.ALERT_CHANGED, "metadata.labels.release", "stack", "x"
    ),
    "an alert more": rule("rules/2", DOWN, Kind.ALERT_ADDED, "alert Down", None, "up == 0"),
}
DASHBOARDS: dict[str, Row] = {
    "a panel less": dashboard(
        panels(PANELS[0]),
        Kind.DASHBOARD_CHANGED,
        "shop.json: panels.Memory",
        '{"targets": [{"expr": "process_resident_memory_bytes"}], "title": "Memory"}',
        None,
    ),
    "a query": dashboard(
        panels({**PANELS[0], "targets": [{"expr": "up"}]}, PANELS[1]),
        Kind.DASHBOARD_CHANGED,
        "shop.json: panels.Requests.targets[0].expr",
        REQUESTS,
        "up",
    ),
    "a dashboard less": dashboard(
        put("ConfigMap", "data/shop.json", None), Kind.FIELD_CHANGED, "data[shop.json]", "a dashboard", None
    ),
    "other data": dashboard(put("ConfigMap", NOTES, "ok"), Kind.FIELD_CHANGED, "data.notes", "read me", "ok"),
}
OTHERS: dict[str, Row] = {
    "a budget's selector": of(
        "PodDisruptionBudget",
        "spec/selector",
        KIOSK,
        Kind.SELECTOR_CHANGED,
        "spec.selector",
        BUDGET % "shop",
        BUDGET % "kiosk",
    ),
    "another version of an API": of(
        "PodDisruptionBudget", "apiVersion", "policy/v2", Kind.FIELD_CHANGED, "apiVersion", "policy/v1", "policy/v2"
    ),
    "most replicas": of(
        "HorizontalPodAutoscaler", "spec/maxReplicas", 3, Kind.REPLICAS_LOWERED, "spec.maxReplicas", "4", "3"
    ),
    "a permission": of("Role", "rules/0/verbs/0", "*", Kind.SECURITY_CHANGED, "rules[0].verbs[0]", "get", "*"),
    "a token": of(
        "ServiceAccount",
        "automountServiceAccountToken",
        1,
        Kind.SECURITY_CHANGED,
        "automountServiceAccountToken",
        "false",
        "1",
    ),
    "an object less": (lambda made: made.pop("ServiceAccount"), Difference(Kind.OBJECT_REMOVED, "ServiceAccount shop")),
    "an object more": (lambda made: made.update(more=SECRET), Difference(Kind.OBJECT_ADDED, "Secret more")),
}
