"""What changes between staging and production is exactly what the environments' values say, service by service."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from chart_harness.fixtures.rendering import ReleaseFactory
from chart_harness.fleet import services
from chart_harness.frozen import thaw
from chart_harness.layers import over
from chart_harness.render import Release

from .conftest import ROOT
from .rendered_fleet import fleet, written

IDENTITY = {
    "K8S_NAMESPACE_NAME",
    "K8S_NODE_NAME",
    "K8S_POD_NAME",
    "K8S_POD_UID",
    "OTEL_RESOURCE_ATTRIBUTES",
    "OTEL_SERVICE_NAME",
}
BOTH = {
    "Deployment.env.CUSTOM_LABELS.value",
    "Deployment.env.PROMETHEUS_BACKEND.value",
    *(f"Deployment.env.{name}" for name in IDENTITY),
}
PUSH_TO_PULL = BOTH | {
    "Deployment.env.METRICS_PATH",
    "Deployment.env.METRICS_PORT",
    "Deployment.env.METRICS_PUSH_INTERVAL",
    "Deployment.env.OTEL_EXPORTER_OTLP_ENDPOINT",
    "Deployment.env.OTEL_EXPORTER_OTLP_PROTOCOL",
    "Deployment.ports",
    "NetworkPolicy.spec.egress",
    "NetworkPolicy.spec.ingress",
    "Service",
    "ServiceMonitor",
}
"""Consumers and runners push in staging and are pulled in production."""

PROMOTED = {"Deployment.env.CUSTOM_LABELS.value", "Deployment.env.OTEL_RESOURCE_ATTRIBUTES.value"}
"""Where production has staging's backend: the environment's name alone."""

FOLLOWS = {
    "env.standard.PROMETHEUS_BACKEND": set(),
    "metrics.environment": set(),
    "metrics.budget.series": {"Deployment.env.METRICS_SERIES_BUDGET.value"},
    "metrics.networkPolicy.egress": {"NetworkPolicy.spec.egress"},
    "metrics.networkPolicy.peers": {"NetworkPolicy.spec.ingress"},
    "workload.replicas": {"Deployment.spec.replicas"},
    "workload.resources.limits.memory": {"Deployment.resources.limits.memory"},
    "workload.resources.requests.memory": {"Deployment.resources.requests.memory"},
}
"""What must change with a value that an environment's file sets: a value that is not here needs a line."""

SHOWN = {
    "delivery": {"ConfigMap.Series", "PrometheusRule.ServiceMetricsMissing", "PrometheusRule.ServiceWorkersMissing"},
    "metrics.budget.series": {
        "ConfigMap.Series",
        "PrometheusRule.ServiceSeriesBudget",
        "PrometheusRule.ServiceSeriesLeftOut",
    },
    "workload.resources.limits.memory": {"ConfigMap.Memory against limit"},
}
"""Alerts and panels that may change with it."""
ABSENT = object()


def facts(release: Release, environment: str) -> dict[str, Any]:
    """The objects by kind; of the Deployment its one container, its variables by name; rules and panels by name."""
    by_kind: dict[str, Any] = {item["kind"]: thaw(item) for item in release.objects}
    for item in by_kind.values():
        item.pop("metadata")  # the namespace is the environment's
    template = by_kind["Deployment"]["spec"].pop("template")
    (container,) = template["spec"].pop("containers")
    variables = {entry["name"]: entry for entry in container["env"]}
    by_kind["Deployment"] = {**container, "env": variables, "pod": template, **by_kind["Deployment"]}
    groups = by_kind["PrometheusRule"]["spec"]["groups"]
    by_kind["PrometheusRule"] = {rule_name(rule): rule for group in groups for rule in group["rules"]}
    ((_, dashboard),) = by_kind["ConfigMap"]["data"].items()
    by_kind["ConfigMap"] = {panel["title"]: panel for panel in json.loads(dashboard)["panels"]}
    # Which environment's series are meant is no difference.
    for kind in ("PrometheusRule", "ConfigMap"):
        text = json.dumps(by_kind[kind])
        assert environment in text
        by_kind[kind] = json.loads(text.replace(environment, "ENVIRONMENT"))
    return by_kind


def rule_name(rule: Mapping[str, Any]) -> str:
    labels = rule.get("labels", {})
    return " ".join(str(part) for part in (rule.get("alert"), rule.get("record"), labels.get("slo")) if part)


def differences(left: Any, right: Any, path: str = "") -> Iterator[str]:
    """The dotted paths at which two trees differ."""
    if not (hasattr(left, "keys") and hasattr(right, "keys")):
        if left != right:
            yield path
        return
    for key in sorted({*left, *right}):
        yield from differences(left.get(key, ABSENT), right.get(key, ABSENT), f"{path}.{key}".lstrip("."))


def leaves(tree: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """The keys of a values file, as deep as FOLLOWS knows them."""
    for key, value in tree.items():
        here = f"{path}.{key}".lstrip(".")
        if isinstance(value, Mapping) and here not in FOLLOWS:
            yield from leaves(value, here)
        else:
            yield here


def set_by_environments(service: str) -> set[str]:
    return {key for environment in ("staging", "production") for key in leaves(written(service, environment)[1])}


def promoted(service: str) -> bool:
    """Whether production records its metrics with what staging does."""
    one, other = (
        over(*written(service, environment)).get("env", {}).get("standard", {}).get("PROMETHEUS_BACKEND")
        for environment in ("staging", "production")
    )
    return bool(one == other)


def meant(service: str) -> set[str]:
    """All but alerts and panels that must differ, and nothing else may."""
    own = written(service, "staging")[0]
    keys = set_by_environments(service)
    found = set().union(*(FOLLOWS[key] for key in keys))
    if own["metrics"]["role"] == "http-api" and "metrics.budget.series" in keys:
        found |= {"ServiceMonitor.spec.sampleLimit"}
    if promoted(service):
        return found | PROMOTED
    if own["metrics"]["role"] == "http-api":
        return found | BOTH
    if "extraPorts" in own["workload"]:  # its Service is there already
        return found | (PUSH_TO_PULL - {"Service"}) | {"Service.spec.ports"}
    return found | PUSH_TO_PULL


def told_and_shown(service: str, one: Release, other: Release) -> tuple[set[str], set[str]]:
    """What differs: in the objects that run and connect the service, and by name in its alerts and panels."""
    found = set(differences(facts(one, one.namespace), facts(other, other.namespace)))
    shown = {path for path in found if path.startswith(("ConfigMap.", "PrometheusRule."))}
    return found - shown, {".".join(path.split(".")[:2]) for path in shown}


@pytest.mark.parametrize("service", services(ROOT))
def test_nothing_else_differs(service: str) -> None:
    told, shown = told_and_shown(service, fleet().releases[service, "staging"], fleet().releases[service, "production"])
    assert told == meant(service)
    keys = set_by_environments(service) | {"delivery"}
    assert shown <= set().union(*(SHOWN.get(key, set()) for key in keys))


@pytest.mark.parametrize("service", ["aaa-api", "asset-monitor", "outage-mock-server"])
def test_of_a_promoted_service_only_the_name_of_the_environment_differs(
    service: str, release: ReleaseFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    staging = release(service, "staging")
    production = release(service, "production", overrides={"env": {"standard": {"PROMETHEUS_BACKEND": "otel"}}})
    monkeypatch.setitem(globals(), "promoted", lambda _: True)
    told, _ = told_and_shown(service, staging, production)
    assert told == meant(service)


def test_every_line_of_the_table_is_used() -> None:
    assert {key for service in services(ROOT) for key in set_by_environments(service)} == set(FOLLOWS)
    assert set(SHOWN) <= {*FOLLOWS, "delivery"}


def test_a_difference_nobody_meant_is_found(release: ReleaseFactory) -> None:
    overrides = {
        "workload": {"image": {"tag": "0.0.9"}, "replicas": 1},
        "metrics": {"alerts": {"errorRate": {"percent": 50}}},
    }
    changed = release("aaa-api", "production", overrides=overrides)
    told, shown = told_and_shown("aaa-api", release("aaa-api", "staging"), changed)
    assert {"Deployment.image", "Deployment.spec.replicas"} <= told - meant("aaa-api")
    assert "PrometheusRule.ServiceErrorRateHigh" in shown
