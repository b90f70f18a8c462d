"""What the gate reads out of a rendered Deployment, and the sentence it has for one that it cannot read."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from chart_harness.fleet import service_release
from chart_harness.render import Release
from promotion_gate.workload import EnvVar, Probe, Workload, WorkloadError, read_workload

ROLES = {"aaa-api": "http-api", "event-recorder": "amqp-consumer", "archive-tagger": "task-runner"}
GOOD: dict[str, Any] = {
    "kind": "Deployment",
    "metadata": {"name": "demo"},
    "spec": {
        "template": {
            "metadata": {"labels": {"app.kubernetes.io/component": "http-api"}},
            "spec": {"containers": [{"name": "app", "image": "demo:1"}]},
        }
    },
}


def release(deployment: dict[str, Any], *others: dict[str, Any]) -> Release:
    return Release("demo", "staging", Path("charts/services/demo"), (deployment, *others))


def deployment(**container: Any) -> dict[str, Any]:
    """The good Deployment with more in its container."""
    document = deepcopy(GOOD)
    document["spec"]["template"]["spec"]["containers"][0].update(container)
    return document


def read(**container: Any) -> Workload:
    return read_workload(release(deployment(**container)))


@pytest.mark.parametrize("environment", ["staging", "production"])
@pytest.mark.parametrize("service", ROLES)
def test_a_service_of_each_role_is_read(service: str, environment: str, root: Path) -> None:
    workload = read_workload(service_release(root, service, environment))
    assert (workload.name, workload.namespace, workload.role) == (service, environment, ROLES[service])
    assert workload.image == "reference-service:0.1.0"
    assert workload.command == ("reference-service", workload.role)
    assert workload.memory_limit
    assert workload.replicas >= 1
    assert workload.readiness is not None
    assert workload.liveness is not None
    assert workload.literal("PROMETHEUS_BACKEND") == ("otel" if environment == "staging" else "prometheus")
    assert workload.pushes == (environment == "staging" and service != "aaa-api")
    assert workload.custom_labels == {"service", "environment"}


def test_aaa_api_in_staging(root: Path) -> None:
    workload = read_workload(service_release(root, "aaa-api", "staging"))
    assert workload.memory_limit == 368 * 1024 * 1024
    assert workload.workers == 2
    assert workload.metrics_port == workload.ports["http"] == 8080
    assert workload.metrics_path == "/metrics"
    assert workload.readiness is not None
    assert (workload.readiness.path, workload.readiness.port) == ("/health/ready", 8080)


def test_the_defaults_are_those_of_kubernetes() -> None:
    workload = read(readinessProbe={"httpGet": {"port": 8080}})
    assert workload.replicas == 1
    assert workload.grace_seconds == 30
    assert workload.memory_limit is None
    assert workload.liveness is workload.startup is None
    assert workload.readiness == Probe(
        path="/", port=8080, initial_delay=0, period=10, timeout=1, success_threshold=1, failure_threshold=3
    )
    assert (workload.workers, workload.metrics_port, workload.metrics_path, workload.pushes) == (
        1,
        0,
        "/metrics",
        False,
    )


def test_all_of_a_container_is_read() -> None:
    timing = {
        "initialDelaySeconds": 1,
        "periodSeconds": 2,
        "timeoutSeconds": 3,
        "successThreshold": 4,
        "failureThreshold": 5,
    }
    workload = read(
        command=["run"],
        args=["--now", "$(NAME)"],
        ports=[{"name": "web", "containerPort": 80}, {"name": "metrics", "containerPort": 9000}],
        env=[
            {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "PASS", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
            {"name": "MAYBE", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k", "optional": True}}},
            {"name": "EMPTY"},
            {"name": "NULL", "value": None},
            {"name": "TEXT", "value": "a"},
        ],
        livenessProbe={"exec": {"command": ["ok"]}, **timing},
        startupProbe={"httpGet": {"port": "metrics", "path": "/up"}},
    )
    assert workload.command == ("run", "--now", "$(NAME)")
    assert workload.ports == {"web": 80, "metrics": 9000}
    assert workload.env == (
        EnvVar("NAME", field="metadata.name"),
        EnvVar("PASS", secret="s/k"),  # noqa: S106 - a reference
        EnvVar("MAYBE", secret="s/k", optional=True),  # noqa: S106
        EnvVar("EMPTY"),
        EnvVar("NULL"),
        EnvVar("TEXT", value="a"),
    )
    assert workload.liveness == Probe(("ok",), "", 0, 1, 2, 3, 4, 5)
    assert workload.startup == Probe(path="/up", port=9000)


def test_of_two_env_vars_of_a_name_the_later_counts() -> None:
    twice = [{"name": "WEB_CONCURRENCY", "value": "2"}, {"name": "WEB_CONCURRENCY", "value": "3"}]
    assert read(env=twice).workers == 3


@pytest.mark.parametrize(
    ("quantity", "size"),
    [
        ("368Mi", 368 * 2**20),
        ("1Gi", 2**30),
        ("0.5Gi", 2**29),
        ("128974848", 128974848),
        (128974848, 128974848),
        ("129M", 129_000_000),
        ("129e6", 129_000_000),
        ("1k", 1000),
        ("2E", 2 * 10**18),
        ("0", 0),
    ],
)
def test_quantities_of_memory(quantity: str | int, size: int) -> None:
    assert read(resources={"limits": {"memory": quantity}}).memory_limit == size


@pytest.mark.parametrize(
    ("text", "names"),
    [("", set()), ("a=1", {"a"}), ("b=2, a=1", {"a", "b"}), ("a=x=y", {"a"}), ("a", set()), ("a=,b=1", {"a", "b"})],
)
def test_names_of_custom_labels(text: str, names: set[str]) -> None:
    assert read(env=[{"name": "CUSTOM_LABELS", "value": text}]).custom_labels == names


def _second_container(document: dict[str, Any]) -> None:
    containers = document["spec"]["template"]["spec"]["containers"]
    containers.append({**containers[0], "image": "evil:1"})


def _sidecar(document: dict[str, Any]) -> None:
    document["spec"]["template"]["spec"]["containers"].append({"name": "proxy"})


def _renamed(document: dict[str, Any]) -> None:
    document["spec"]["template"]["spec"]["containers"][0]["name"] = "main"


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (_second_container, "containers app, app"),
        (_sidecar, "containers app, proxy"),
        (_renamed, "containers main"),
        (lambda d: d["spec"]["template"]["spec"].update(containers=[]), "containers none"),
        (lambda d: d["spec"]["template"]["spec"].update(initContainers=[{"name": "x"}]), "initContainers"),
        (lambda d: d["spec"]["template"]["metadata"].update(labels={}), "metrics.role"),
        (lambda d: d["spec"]["template"]["metadata"].pop("labels"), "metrics.role"),
        (lambda d: d["spec"].pop("template"), "it lacks 'template'"),
        (lambda d: d["spec"]["template"]["spec"]["containers"][0].pop("image"), "it lacks 'image'"),
        (lambda d: d["spec"].update(replicas="two"), "'two'"),
        (lambda d: d["spec"].update(replicas=None), "NoneType"),
    ],
)
def test_a_broken_deployment_gives_a_sentence(spoil: Callable[[dict[str, Any]], object], says: str) -> None:
    document = deepcopy(GOOD)
    spoil(document)
    assert says in _sentence(release(document))


@pytest.mark.parametrize(
    ("container", "says"),
    [
        ({"envFrom": [{"configMapRef": {"name": "x"}}]}, "envFrom, which the gate cannot run yet"),
        ({"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {}}}]}, "env A comes from configMapKeyRef"),
        ({"env": [{"name": "A", "value": 8080}]}, "env A is 8080, which is not text; quote it"),
        ({"env": [{"name": "A", "value": True}]}, "env A is True"),
        ({"env": [{"value": "x"}]}, "it lacks 'name'"),
        ({"env": [{"name": "WEB_CONCURRENCY", "value": "two"}]}, "WEB_CONCURRENCY is 'two'"),
        ({"env": [{"name": "WEB_CONCURRENCY", "value": "0"}]}, "WEB_CONCURRENCY is '0'"),
        ({"env": [{"name": "METRICS_PORT", "value": "$(PORT)"}]}, "METRICS_PORT is '$(PORT)'"),
        ({"ports": [{"containerPort": 80}]}, "it lacks 'name'"),
        ({"readinessProbe": {"tcpSocket": {"port": 80}}}, "neither exec nor httpGet"),
        ({"livenessProbe": {"grpc": {"port": 80}}}, "neither exec nor httpGet"),
        ({"startupProbe": {"httpGet": {"port": "web"}}}, "a probe names port 'web'; the container has none"),
        ({"readinessProbe": {"httpGet": {}}}, "it lacks 'port'"),
        ({"readinessProbe": {"exec": {"command": ["x"]}, "periodSeconds": "soon"}}, "'soon'"),
        ({"resources": {"limits": {"memory": "lots"}}}, "Invalid number format: lots"),
    ],
)
def test_a_broken_container_gives_a_sentence(container: dict[str, Any], says: str) -> None:
    assert says in _sentence(release(deployment(**container)))


def test_no_deployment_and_two_of_them_give_a_sentence() -> None:
    assert "Deployment" in _sentence(release({"kind": "Service", "metadata": {"name": "x"}}))
    assert "Deployment" in _sentence(release(GOOD, GOOD))


def test_a_service_with_units_is_told_that_the_gate_cannot_judge_it_yet(root: Path) -> None:
    units = {"metrics": {"units": {"web": {}, "admin": {"workers": 1}}}}
    with pytest.raises(WorkloadError) as caught:
        read_workload(service_release(root, "aaa-api", "staging", overrides=units))
    assert str(caught.value) == (
        f"{root}/charts/services/aaa-api has the Deployments aaa-api-admin, aaa-api-web, and the gate cannot judge metrics.units yet: "
        "make each unit a service of its own to have it verified."
    )


def _sentence(broken: Release) -> str:
    with pytest.raises(WorkloadError) as caught:
        read_workload(broken)
    message = str(caught.value)
    assert "charts/services/demo" in message
    assert "\n" not in message
    return message
