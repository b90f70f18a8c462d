"""Role, backend and switches decide what is rendered: pull, push, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from chart_harness import checks
from chart_harness.fixtures.rendering import ReleaseFactory
from chart_harness.render import Release

Env = Callable[[Release], dict[str, Any]]
Container = Callable[[Release], Mapping[str, Any]]

IDENTITY = {
    "K8S_NAMESPACE_NAME",
    "K8S_NODE_NAME",
    "K8S_POD_NAME",
    "K8S_POD_UID",
    "OTEL_RESOURCE_ATTRIBUTES",
    "OTEL_SERVICE_NAME",
}
ALWAYS = {"PROMETHEUS_METRICS_ENABLE", "WEB_CONCURRENCY"}
MEASURED = ALWAYS | {"CUSTOM_LABELS", "METRICS_SERIES_BUDGET", "PROMETHEUS_BACKEND"}
BUDGET = {"metrics": {"budget": {"series": 1000}}}
PULL = MEASURED | {"METRICS_PATH", "METRICS_PORT"}
PUSH = MEASURED | IDENTITY | {"METRICS_PUSH_INTERVAL", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_PROTOCOL"}
HTTP = {"METRICS_EXCLUDED_HANDLERS"}
BROKER = {"AMQP_URL"}
# What a service gets beside the backend: (service, backend) -> delivery, names of the variables.
DELIVERY = {
    ("aaa-api", "prometheus"): ("pull", PULL | HTTP),
    ("aaa-api", "otel"): ("pull", PULL | HTTP | IDENTITY),
    ("event-recorder", "prometheus"): ("pull", PULL | BROKER),
    ("event-recorder", "otel"): ("push", PUSH | BROKER),
    ("archive-tagger", "prometheus"): ("pull", PULL),
    ("archive-tagger", "otel"): ("push", PUSH),
    ("aaa-api", "shadow"): ("pull", PULL | HTTP | IDENTITY),
    ("event-recorder", "shadow"): ("push", PUSH | BROKER),
}


@pytest.mark.parametrize(("service", "backend"), DELIVERY)
def test_each_role_on_each_backend(release: ReleaseFactory, env: Env, service: str, backend: str) -> None:
    delivery, names = DELIVERY[service, backend]
    rendered = release(
        service, "production", overrides={**BUDGET, "env": {"standard": {"PROMETHEUS_BACKEND": backend}}}
    )
    assert set(env(rendered)) == names
    assert env(rendered)["PROMETHEUS_BACKEND"] == backend
    assert env(rendered)["PROMETHEUS_METRICS_ENABLE"] == "true"
    pulled = delivery == "pull"
    assert len(rendered.of_kind("ServiceMonitor")) == int(pulled)
    assert len(rendered.of_kind("Service")) == int(pulled)
    assert (checks.scrape_path(rendered) == []) is pulled


def test_the_backend_is_rendered_when_nobody_sets_it(release: ReleaseFactory, env: Env) -> None:
    removed = {"env": {"standard": {"PROMETHEUS_BACKEND": None}}}
    assert env(release("aaa-api", "production", overrides=removed))["PROMETHEUS_BACKEND"] == "prometheus"
    assert env(release("aaa-api", "staging"))["PROMETHEUS_BACKEND"] == "otel"
    assert env(release("aaa-api", "staging", overrides=removed))["PROMETHEUS_BACKEND"] == "prometheus"


def test_a_consumer_that_may_not_push_is_pulled(release: ReleaseFactory, env: Env) -> None:
    rendered = release(
        "event-recorder", "staging", overrides={"metrics": {**BUDGET["metrics"], "otlp": {"enabled": False}}}
    )
    assert set(env(rendered)) == PULL | IDENTITY | BROKER
    assert checks.scrape_path(rendered) == []


@pytest.mark.parametrize(("service", "ports"), [("event-recorder", []), ("aaa-api", ["http"])], ids=["consumer", "api"])
@pytest.mark.parametrize("monitored", [True, False])
def test_a_pod_monitor_needs_no_service(
    release: ReleaseFactory, container: Container, service: str, ports: list[str], monitored: bool
) -> None:
    both = {"metrics": {"podMonitor": {"enabled": True}, "serviceMonitor": {"enabled": monitored}}}
    rendered = release(service, "production", overrides=both)
    assert [port["name"] for found in rendered.of_kind("Service") for port in found["spec"]["ports"]] == ports
    assert [port["containerPort"] for port in container(rendered)["ports"]] == [8080]
    assert len(release(service, "production").of_kind("Service")) == 1
    extra = release(service, "production", overrides={**both, "workload": {"extraPorts": {"admin": 9000}}})
    assert [port["name"] for port in extra.one("Service")["spec"]["ports"]] == ["admin", *ports]


@pytest.mark.parametrize(
    ("create", "apis", "rendered"),
    [
        ("auto", ["monitoring.coreos.com/v1"], 1),
        ("auto", ["monitoring.coreos.com/v1/ServiceMonitor"], 1),
        ("auto", [], 0),
        ("always", ["monitoring.coreos.com/v1"], 1),
        ("never", ["monitoring.coreos.com/v1", "monitoring.coreos.com/v1/ServiceMonitor"], 0),
    ],
)
def test_the_monitor_needs_its_kind(
    render_service: Callable[..., Release], create: str, apis: list[str], rendered: int
) -> None:
    found = render_service({"metrics": {"serviceMonitor": {"create": create}}}, api_versions=apis)
    assert len(found.of_kind("ServiceMonitor")) == rendered
    (prometheus, _) = found.one("NetworkPolicy")["spec"]["ingress"]  # something else tells Prometheus to scrape
    assert prometheus["ports"][0]["port"] == 8080


def test_metrics_off_leaves_only_the_service(release: ReleaseFactory, env: Env, pilot: str, environment: str) -> None:
    rendered = release(pilot, environment, overrides={"metrics": {"enabled": False}})
    own = {"aaa-api": {"METRICS_PORT"}, "event-recorder": BROKER, "archive-tagger": set()}[pilot]
    assert set(env(rendered)) == ALWAYS | own
    assert env(rendered)["PROMETHEUS_METRICS_ENABLE"] == "false"
    assert rendered.of_kind("ServiceMonitor") == ()
    spec = rendered.one("NetworkPolicy")["spec"]
    measured = release(pilot, environment).one("NetworkPolicy")["spec"]
    for direction in ("ingress", "egress"):  # neither Prometheus nor the collector
        assert "monitoring" not in str(spec.get(direction))
    assert "monitoring" in f"{measured.get('ingress')} {measured.get('egress')}"
    for check in (checks.env_list, checks.pod_security, checks.rollout, checks.selectors, checks.traffic_rules):
        assert check(rendered) == []


def test_an_api_keeps_its_port_when_metrics_are_off(release: ReleaseFactory) -> None:
    rendered = release("aaa-api", "staging", overrides={"metrics": {"enabled": False}})
    assert [dict(port) for port in rendered.one("Service")["spec"]["ports"]] == [
        {"name": "http", "port": 8080, "targetPort": "http", "protocol": "TCP"}
    ]
    assert release("event-recorder", "production", overrides={"metrics": {"enabled": False}}).of_kind("Service") == ()
