"""Rows of how Prometheus scrapes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.charts.keys.row import Row

POD_MONITOR = {"metrics": {"podMonitor": {"enabled": True}}}
SECRET = {"name": "scrape", "key": "value"}
CERTIFICATE = {"cert": SECRET, "keySecret": SECRET}
LOGIN = {"username": SECRET, "password": SECRET}
QUIET = {"alerts": {"enabled": False}, "dashboard": {"enabled": False}}  # they select by what honorLabels false renames


def page(key: str, value: Any, shows: Any = None, *, index: int = 0, extra: Any = None, **monitor: Any) -> Row:
    """A row of the monitor's page: the place in its endpoint, the value, and what else serviceMonitor has."""
    given = {"metrics": {"serviceMonitor": monitor}, **(extra or {})}
    return Row(value, f"ServiceMonitor spec.endpoints[{index}].{key}", value if shows is None else shows, given=given)


def limit(name: str, value: Any) -> Row:
    """A row of a limit, which the monitor has by the same name."""
    return Row(value, f"ServiceMonitor spec.{name}", value)


# field of a rule: value, the place in the rule and what it shows, the rest of the rule
FIELDS: dict[str, tuple[Any, str, Any, Mapping[str, Any]]] = {
    "action": ("lowercase", "action", "lowercase", {"sourceLabels": ["pod"], "targetLabel": "zone"}),
    "modulus": (8, "modulus", 8, {"action": "hashmod", "modulus": 4, "targetLabel": "shard"}),
    "regex": ("eu-(.+)", "regex", "eu-(.+)", {"sourceLabels": ["pod"], "targetLabel": "zone"}),
    "replacement": ("eu", "replacement", "eu", {"targetLabel": "zone"}),
    "separator": ("/", "separator", "/", {"sourceLabels": ["pod", "zone"], "targetLabel": "zone"}),
    "sourceLabels": (["pod"], "sourceLabels[0]", "pod", {"targetLabel": "zone"}),
    "targetLabel": ("zone", "targetLabel", "zone", {"targetLabel": "region"}),
}


def rules(kind: str, index: int) -> dict[str, Row]:
    """Rows of every field of a rule, on the service's own page and on another one."""
    rows = {}
    for field, (value, place, shows, rest) in FIELDS.items():
        key = f"metrics.serviceMonitor.{kind}.*.{field}"
        own: dict[str, Any] = {kind: {"x": rest}}
        rows[key] = page(f"{kind}[{index}].{place}", value, shows, **own)
        key = f"metrics.serviceMonitor.endpoints.*.{kind}.*.{field}"
        other = {"x": {"path": "/x", **own}}
        rows[key] = page(f"{kind}[{index}].{place}", value, shows, index=1, endpoints=other)
    return rows


def secrets() -> dict[str, Row]:
    """Rows of every name and key of a Secret."""
    tls, secret = {"scheme": "https"}, "ServiceMonitor spec.endpoints[0]"
    given: dict[str, dict[str, Any]] = {
        "tlsConfig.ca": {"tlsConfig": {"ca": SECRET}, **tls},
        "tlsConfig.cert": {"tlsConfig": CERTIFICATE, **tls},
        "tlsConfig.keySecret": {"tlsConfig": CERTIFICATE, **tls},
        "basicAuth.username": {"basicAuth": LOGIN},
        "basicAuth.password": {"basicAuth": LOGIN},
        "authorization.credentials": {"authorization": {"credentials": SECRET}},
    }
    return {
        f"metrics.serviceMonitor.{place}.{half}": Row(
            "other",
            f"{secret}.{place}{'.secret' if place in {'tlsConfig.ca', 'tlsConfig.cert'} else ''}.{half}",
            "other",
            given={"metrics": {"serviceMonitor": monitor}},
        )
        for place, monitor in given.items()
        for half in ("name", "key")
    }


RENDERS: dict[str, Row] = {
    "metrics.serviceMonitor.create": Row("never", "ServiceMonitor"),
    "metrics.serviceMonitor.port": page("port", "admin", extra={"workload": {"extraPorts": {"admin": 9000}}}),
    "metrics.serviceMonitor.interval": page("interval", "1m"),
    "metrics.serviceMonitor.scrapeTimeout": page("scrapeTimeout", "5s"),
    "metrics.serviceMonitor.labels.*": Row("prometheus", "ServiceMonitor metadata.labels.x", "prometheus"),
    "metrics.serviceMonitor.jobLabel": Row("team", "ServiceMonitor spec.jobLabel", "team"),
    "metrics.serviceMonitor.honorLabels": Row(
        value=False, where="ServiceMonitor spec.endpoints[0].honorLabels", shows=False, given={"metrics": QUIET}
    ),
    "metrics.serviceMonitor.scrapeClass": Row("mesh", "ServiceMonitor spec.scrapeClass", "mesh"),
    "metrics.serviceMonitor.scheme": page("scheme", "https"),
    "metrics.serviceMonitor.tlsConfig.insecureSkipVerify": page(
        "tlsConfig.insecureSkipVerify", value=True, scheme="https", tlsConfig={"serverName": "x"}
    ),
    "metrics.serviceMonitor.tlsConfig.serverName": page("tlsConfig.serverName", "aaa-api", scheme="https"),
    "metrics.serviceMonitor.authorization.type": page(
        "authorization.type", "Token", authorization={"credentials": SECRET}
    ),
    **secrets(),
    "metrics.serviceMonitor.limits.targetLimit": limit("targetLimit", 100),
    "metrics.serviceMonitor.limits.labelNameLengthLimit": limit("labelNameLengthLimit", 64),
    "metrics.serviceMonitor.limits.labelValueLengthLimit": limit("labelValueLengthLimit", 256),
    "metrics.serviceMonitor.limits.keepDroppedTargets": limit("keepDroppedTargets", 10),
    "metrics.serviceMonitor.limits.nativeHistogramBucketLimit": limit("nativeHistogramBucketLimit", 160),
    "metrics.serviceMonitor.limits.bodySizeLimit": limit("bodySizeLimit", "16MB"),
    "metrics.budget.labels": Row(30, "ServiceMonitor spec.labelLimit", 30),
    "metrics.serviceMonitor.dropLabels.*": page(
        "metricRelabelings[0].regex", value=True, shows="request_id|trace_id|user_id|x"
    ),
    **rules("relabelings", 0),
    **rules("metricRelabelings", 1),
    "metrics.serviceMonitor.endpoints.*.port": page(
        "port", "admin", index=1, endpoints={"x": {"path": "/x"}}, extra={"workload": {"extraPorts": {"admin": 9000}}}
    ),
    "metrics.serviceMonitor.endpoints.*.path": page("path", "/x", index=1),
    "metrics.serviceMonitor.endpoints.*.interval": page("interval", "1m", index=1, endpoints={"x": {"path": "/x"}}),
    "metrics.serviceMonitor.endpoints.*.scrapeTimeout": page(
        "scrapeTimeout", "5s", index=1, endpoints={"x": {"path": "/x"}}
    ),
    "metrics.podMonitor.enabled": Row(value=True, where="PodMonitor spec.podMetricsEndpoints[0].port", shows="http"),
}
