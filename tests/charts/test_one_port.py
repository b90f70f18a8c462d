"""metrics.port is the one declaration: whatever it is, everything that names a port follows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from chart_harness import checks
from chart_harness.fixtures.rendering import ReleaseFactory
from chart_harness.render import Release


@pytest.mark.parametrize(("service", "default_name"), [("aaa-api", "http"), ("event-recorder", "metrics")])
@pytest.mark.parametrize("name", ["", "web"])
@pytest.mark.parametrize("port", [8080, 9102])
def test_everything_follows(
    release: ReleaseFactory,
    container: Callable[[Release], Mapping[str, Any]],
    service: str,
    default_name: str,
    name: str,
    port: int,
) -> None:
    rendered = release(service, "production", overrides={"metrics": {"port": port, "portName": name}})
    app = container(rendered)
    named = name or default_name
    assert [(p["name"], p["containerPort"]) for p in app["ports"]] == [(named, port)]
    assert [(p["name"], p["port"], p["targetPort"]) for p in rendered.one("Service")["spec"]["ports"]] == [
        (named, port, named)
    ]
    assert rendered.one("ServiceMonitor")["spec"]["endpoints"][0]["port"] == named
    assert {p["port"] for rule in rendered.one("NetworkPolicy")["spec"]["ingress"] for p in rule["ports"]} == {port}
    assert {"name": "METRICS_PORT", "value": str(port)} in [dict(entry) for entry in app["env"]]
    if service == "aaa-api":
        assert {app[probe]["httpGet"]["port"] for probe in ("startupProbe", "readinessProbe", "livenessProbe")} == {
            named
        }
    assert checks.scrape_path(rendered) == []
    assert checks.rollout(rendered) == []


def test_extra_ports_are_opened_to_peers_but_not_to_prometheus(release: ReleaseFactory) -> None:
    rendered = release("aaa-api", "staging", overrides={"workload": {"extraPorts": {"grpc": 9000, "gone": None}}})
    assert [(p["name"], p["port"]) for p in rendered.one("Service")["spec"]["ports"]] == [
        ("grpc", 9000),
        ("http", 8080),
    ]
    prometheus, peer = rendered.one("NetworkPolicy")["spec"]["ingress"]
    assert [p["port"] for p in prometheus["ports"]] == [8080]
    assert [p["port"] for p in peer["ports"]] == [9000, 8080]
    assert checks.scrape_path(rendered) == []


def test_another_port_may_be_scraped(release: ReleaseFactory) -> None:
    overrides = {"workload": {"extraPorts": {"exporter": 9999}}, "metrics": {"serviceMonitor": {"port": "exporter"}}}
    rendered = release("aaa-api", "staging", overrides=overrides)
    assert rendered.one("ServiceMonitor")["spec"]["endpoints"][0]["port"] == "exporter"
    prometheus = rendered.one("NetworkPolicy")["spec"]["ingress"][0]
    assert [p["port"] for p in prometheus["ports"]] == [9999]


def test_a_consumer_that_pushes_may_still_have_ports(release: ReleaseFactory) -> None:
    rendered = release("event-recorder", "staging", overrides={"workload": {"extraPorts": {"admin": 9000}}})
    assert [(p["name"], p["port"]) for p in rendered.one("Service")["spec"]["ports"]] == [("admin", 9000)]
    assert rendered.of_kind("ServiceMonitor") == ()
