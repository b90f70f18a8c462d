"""The Deployment, Service and ServiceAccount, key by key, and the values that decide them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from chart_harness.fixtures.rendering import ReleaseFactory
from chart_harness.frozen import thaw
from chart_harness.render import Release, render

SELECTOR = {"app.kubernetes.io/instance": "aaa-api", "app.kubernetes.io/name": "aaa-api"}


def test_the_whole_deployment(release: ReleaseFactory) -> None:
    spec = thaw(release("aaa-api", "staging").one("Deployment")["spec"])
    spec["template"]["spec"]["containers"][0].pop("env")  # test_env_values.py
    assert spec == {
        "replicas": 2,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "selector": {"matchLabels": SELECTOR},
        "template": {
            "metadata": {
                "labels": {
                    **SELECTOR,
                    "app.kubernetes.io/component": "http-api",
                    "app.kubernetes.io/managed-by": "Helm",
                    "app.kubernetes.io/version": "0.1.0",
                }
            },
            "spec": {
                "serviceAccountName": "aaa-api",
                "automountServiceAccountToken": False,
                "terminationGracePeriodSeconds": 30,
                "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
                "containers": [
                    {
                        "name": "app",
                        "image": "reference-service:0.1.0",
                        "imagePullPolicy": "IfNotPresent",
                        "command": ["reference-service", "http-api"],
                        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
                        "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
                        "startupProbe": {
                            "httpGet": {"path": "/health/live", "port": "http"},
                            "periodSeconds": 2,
                            "timeoutSeconds": 3,
                            "failureThreshold": 30,
                        },
                        "readinessProbe": {
                            "httpGet": {"path": "/health/ready", "port": "http"},
                            "periodSeconds": 5,
                            "timeoutSeconds": 3,
                            "failureThreshold": 3,
                        },
                        "livenessProbe": {
                            "httpGet": {"path": "/health/live", "port": "http"},
                            "periodSeconds": 10,
                            "timeoutSeconds": 5,
                            "failureThreshold": 3,
                        },
                        "resources": {"requests": {"cpu": "200m", "memory": "256Mi"}, "limits": {"memory": "368Mi"}},
                        "securityContext": {
                            "allowPrivilegeEscalation": False,
                            "capabilities": {"drop": ["ALL"]},
                            "readOnlyRootFilesystem": True,
                        },
                        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108  # in the container
                    }
                ],
                "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}}],
            },
        },
    }


def test_the_whole_service(release: ReleaseFactory) -> None:
    assert thaw(release("aaa-api", "staging").one("Service")["spec"]) == {
        "type": "ClusterIP",
        "selector": SELECTOR,
        "ports": [{"name": "http", "port": 8080, "targetPort": "http", "protocol": "TCP"}],
    }


@pytest.mark.parametrize(
    ("values", "key", "wanted"),
    [
        ({"args": ["--verbose"]}, "args", ["--verbose"]),
        ({"command": ["serve"]}, "command", ["serve"]),
        ({"preStopSeconds": 15}, "lifecycle", {"preStop": {"sleep": {"seconds": 15}}}),
        ({"image": {"pullPolicy": "Always"}}, "imagePullPolicy", "Always"),
        ({"image": {"repository": "registry/shop", "tag": "2"}}, "image", "registry/shop:2"),
        (
            {"resources": {"limits": {"cpu": 1}}},
            "resources",
            {"requests": {"cpu": "200m", "memory": "256Mi"}, "limits": {"memory": "368Mi", "cpu": 1}},
        ),
        (
            {"probes": {"readiness": {"path": "/r", "periodSeconds": 7, "timeoutSeconds": 6, "failureThreshold": 5}}},
            "readinessProbe",
            {"httpGet": {"path": "/r", "port": "http"}, "periodSeconds": 7, "timeoutSeconds": 6, "failureThreshold": 5},
        ),
    ],
)
def test_values_reach_the_container(
    release: ReleaseFactory,
    container: Callable[[Release], Mapping[str, Any]],
    values: dict[str, Any],
    key: str,
    wanted: object,
) -> None:
    assert thaw(container(release("aaa-api", "staging", overrides={"workload": values}))[key]) == wanted


@pytest.mark.parametrize(
    ("service", "values", "delayed"),
    [
        ("aaa-api", {"preStopSeconds": 0}, False),
        ("event-recorder", {}, False),
        ("archive-tagger", {}, False),
        ("event-recorder", {"extraPorts": {"admin": 9000}}, True),
    ],
)
def test_only_a_pod_that_others_call_waits_before_it_stops(
    release: ReleaseFactory,
    container: Callable[[Release], Mapping[str, Any]],
    service: str,
    values: dict[str, Any],
    delayed: bool,
) -> None:
    assert ("lifecycle" in container(release(service, "production", overrides={"workload": values}))) == delayed


@pytest.mark.parametrize(("version", "waits"), [("1.29.9", False), ("1.30.0", True), ("v1.34.4-eks-1", True)])
def test_a_pod_waits_where_kubernetes_knows_how(
    container: Callable[[Release], Mapping[str, Any]], version: str, waits: bool
) -> None:
    chart = Path(__file__).parents[2] / "charts" / "services" / "aaa-api"
    files = [chart / "values.yaml", chart / "environments" / "staging" / "values.yaml"]
    rendered = render(chart, name="aaa-api", values=files, kube_version=version)
    assert ("lifecycle" in container(rendered)) == waits


def test_values_reach_the_pod(release: ReleaseFactory) -> None:
    values = {"terminationGracePeriodSeconds": 90, "tmp": {"sizeLimit": "1Gi"}, "replicas": 0}
    spec = release("aaa-api", "staging", overrides={"workload": values}).one("Deployment")["spec"]
    assert spec["replicas"] == 0
    assert spec["template"]["spec"]["terminationGracePeriodSeconds"] == 90
    assert spec["template"]["spec"]["volumes"][0]["emptyDir"]["sizeLimit"] == "1Gi"


def test_an_image_of_its_own_command(
    render_service: Callable[..., Release], container: Callable[[Release], Any]
) -> None:
    app = container(render_service({"workload": {"command": []}}))
    assert "command" not in app
    assert "args" not in app
