"""Who may talk to whom, rule by rule."""

from __future__ import annotations

from typing import Any

import pytest

from chart_harness import checks
from chart_harness.fixtures.rendering import ReleaseFactory
from chart_harness.frozen import thaw

NAME = "kubernetes.io/metadata.name"
APP = "app.kubernetes.io/name"


def peer(namespace: str, app: str | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {"namespaceSelector": {"matchLabels": {NAME: namespace}}}
    return {**found, "podSelector": {"matchLabels": {APP: app}}} if app else found


def tcp(*ports: int) -> list[dict[str, Any]]:
    return [{"port": port, "protocol": "TCP"} for port in ports]


PROMETHEUS = {"from": [peer("monitoring", "prometheus")], "ports": tcp(8080)}
DNS = {"to": [peer("kube-system")], "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}
COLLECTOR = {"to": [peer("monitoring", "opentelemetry-collector")], "ports": tcp(4318)}
RABBITMQ = {"to": [peer("messaging", "rabbitmq")], "ports": tcp(5672)}
API = {"policyTypes": ["Ingress"], "ingress": [PROMETHEUS, {"from": [peer("ingress")], "ports": tcp(8080)}]}
BOTH = ["Ingress", "Egress"]
RULES = {
    ("aaa-api", "staging"): API,
    ("aaa-api", "production"): API,
    ("event-recorder", "staging"): {"policyTypes": BOTH, "egress": [DNS, COLLECTOR, RABBITMQ]},
    ("event-recorder", "production"): {"policyTypes": BOTH, "ingress": [PROMETHEUS], "egress": [DNS, RABBITMQ]},
    ("archive-tagger", "staging"): {"policyTypes": BOTH, "egress": [DNS, COLLECTOR]},
    ("archive-tagger", "production"): {"policyTypes": BOTH, "ingress": [PROMETHEUS], "egress": [DNS]},
}


def spec(release: ReleaseFactory, service: str, environment: str, **policy: Any) -> dict[str, Any]:
    rendered = release(service, environment, overrides={"metrics": {"networkPolicy": policy}} if policy else None)
    assert checks.traffic_rules(rendered) == []
    found: dict[str, Any] = thaw(rendered.one("NetworkPolicy")["spec"])
    found.pop("podSelector")
    return found


def test_every_rule(release: ReleaseFactory, service: str, environment: str) -> None:
    assert spec(release, service, environment) == RULES[service, environment]


def test_without_peers_only_prometheus_may_call(release: ReleaseFactory) -> None:
    assert spec(release, "aaa-api", "staging", peers={"ingress": None})["ingress"] == [PROMETHEUS]


def test_an_api_that_names_its_egress_is_closed_to_the_rest(release: ReleaseFactory) -> None:
    database = {"namespaceSelector": {"matchLabels": {NAME: "databases"}}, "ports": {"postgres": 5432}}
    found = spec(release, "aaa-api", "staging", egress={"database": database})
    assert found["policyTypes"] == BOTH
    assert found["egress"] == [DNS, {"to": [peer("databases")], "ports": tcp(5432)}]


def test_a_default_label_gives_way_to_null(release: ReleaseFactory) -> None:
    elsewhere = {
        "namespaceSelector": {"matchLabels": {NAME: None, "team": "watch"}},
        "podSelector": {"matchLabels": {APP: None}},
    }
    (prometheus, _) = spec(release, "aaa-api", "staging", prometheus=elsewhere)["ingress"]
    assert prometheus["from"] == [{"namespaceSelector": {"matchLabels": {"team": "watch"}}}]


@pytest.mark.parametrize(
    ("endpoint", "protocol", "port"),
    [
        ("http://collector.monitoring:4318", "http/protobuf", 4318),
        ("http://collector.monitoring:4317", "grpc", 4317),
        ("http://collector.monitoring/otlp", "http/protobuf", 80),
        ("https://collector.monitoring", "http/protobuf", 443),
        ("http://collector.monitoring", "grpc", 4317),
    ],
)
def test_the_collectors_port_is_the_endpoints(release: ReleaseFactory, endpoint: str, protocol: str, port: int) -> None:
    overrides = {"metrics": {"otlp": {"endpoint": endpoint, "protocol": protocol}}}
    rules = release("archive-tagger", "staging", overrides=overrides).one("NetworkPolicy")["spec"]["egress"]
    assert [p["port"] for p in rules[1]["ports"]] == [port]


def test_the_policy_can_be_left_to_somebody_else(release: ReleaseFactory) -> None:
    off = {"metrics": {"networkPolicy": {"enabled": False}}}
    assert release("aaa-api", "staging", overrides=off).of_kind("NetworkPolicy") == ()
