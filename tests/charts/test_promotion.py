"""What changes between staging and production is exactly what is meant to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from chart_harness.fixtures.rendering import ReleaseFactory
from chart_harness.render import Release

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
MEANT = {
    "aaa-api": BOTH | {"Deployment.resources.limits.memory", "Deployment.resources.requests.memory"},
    "archive-tagger": PUSH_TO_PULL,
    "event-recorder": PUSH_TO_PULL,
}
ABSENT = object()


def facts(release: Release) -> dict[str, Any]:
    """The objects by kind; of the Deployment its one container, its variables by name."""
    by_kind: dict[str, Any] = {item["kind"]: dict(item) for item in release.objects}
    (container,) = by_kind["Deployment"]["spec"]["template"]["spec"]["containers"]
    variables = {entry["name"]: entry for entry in container["env"]}
    pod = {
        key: value for key, value in by_kind["Deployment"]["spec"]["template"]["spec"].items() if key != "containers"
    }
    spec = {key: value for key, value in by_kind["Deployment"]["spec"].items() if key != "template"}
    by_kind["Deployment"] = {**container, "env": variables, "pod": pod, "spec": spec}
    for item in by_kind.values():
        item.pop("metadata", None)  # the namespace is the environment's
    return by_kind


def differences(left: Any, right: Any, path: str = "") -> Iterator[str]:
    """The dotted paths at which two trees differ."""
    if not (hasattr(left, "keys") and hasattr(right, "keys")):
        if left != right:
            yield path
        return
    for key in sorted({*left, *right}):
        yield from differences(left.get(key, ABSENT), right.get(key, ABSENT), f"{path}.{key}".lstrip("."))


@pytest.mark.parametrize("service", MEANT)
def test_nothing_else_differs(release: ReleaseFactory, service: str) -> None:
    found = set(differences(facts(release(service, "staging")), facts(release(service, "production"))))
    assert found == MEANT[service]


def test_a_difference_nobody_meant_is_found(release: ReleaseFactory) -> None:
    changed = release("aaa-api", "production", overrides={"workload": {"image": {"tag": "0.0.9"}, "replicas": 1}})
    found = set(differences(facts(release("aaa-api", "staging")), facts(changed)))
    assert found - MEANT["aaa-api"] == {"Deployment.image", "Deployment.spec.replicas"}
