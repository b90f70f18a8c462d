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
BOTH = ["Ingress", "Egress"]
CALLERS = {"from": [{"podSelector": {"matchLabels": {APP: "aaa-gateway"}}}], "ports": tcp(8080)}
API = {"policyTypes": ["Ingress"], "ingress": [PROMETHEUS, CALLERS]}
RULES = {
    ("aaa-api", "staging"): API,
    ("aaa-api", "production"): API,
    ("event-recorder", "staging"): {"policyTypes": BOTH, "egress": [DNS, COLLECTOR, RABBITMQ]},
    ("event-recorder", "production"): {"policyTypes": BOTH, "ingress": [PROMETHEUS], "egress": [DNS, RABBITMQ]},
    ("archive-tagger", "staging"): {"policyTypes": BOTH, "egress": [DNS, COLLECTOR]},
    ("archive-tagger", "production"): {"policyTypes": BOTH, "ingress": [PROMETHEUS], "egress": [DNS]},
}
# The labels of the defaults: without them addresses can be given instead.
NOTHING = {"matchLabels": {NAME: None, APP: None}}
NOBODY = {"namespaceSelector": NOTHING, "podSelector": NOTHING}


def spec(release: ReleaseFactory, service: str, environment: str, **policy: Any) -> dict[str, Any]:
    rendered = release(service, environment, overrides={"metrics": {"networkPolicy": policy}} if policy else None)
    assert checks.traffic_rules(rendered) == []
    found: dict[str, Any] = thaw(rendered.one("NetworkPolicy")["spec"])
    found.pop("podSelector")
    return found


@pytest.mark.parametrize(("name", "stage"), RULES)
def test_every_rule(release: ReleaseFactory, name: str, stage: str) -> None:
    assert spec(release, name, stage) == RULES[name, stage]


def test_without_peers_only_prometheus_may_call(release: ReleaseFactory) -> None:
    assert spec(release, "aaa-api", "staging", peers={"aaa-gateway": None})["ingress"] == [PROMETHEUS]


def test_an_api_that_names_its_egress_is_closed_to_the_rest(release: ReleaseFactory) -> None:
    database = {"namespaceSelector": {"matchLabels": {NAME: "databases"}}, "ports": {"postgres": 5432}}
    found = spec(release, "aaa-api", "staging", egress={"database": database})
    assert found["policyTypes"] == BOTH
    assert found["egress"] == [DNS, {"to": [peer("databases")], "ports": tcp(5432)}]


def test_denied_by_default_an_api_resolves_names_and_no_more(release: ReleaseFactory) -> None:
    found = spec(release, "aaa-api", "staging", defaultDeny=True)
    assert found == {**API, "policyTypes": BOTH, "egress": [DNS]}
    assert spec(release, "event-recorder", "staging", defaultDeny=True) == RULES["event-recorder", "staging"]


def test_a_service_is_a_pod_of_the_same_namespace(release: ReleaseFactory) -> None:
    assets = {"podSelector": {"matchLabels": {APP: "assets-api"}}}
    callee = {"service": "assets-api", "ports": {"http": 8080, "grpc": 9000, "gone": None}}
    found = spec(release, "event-recorder", "production", egress={"assets": callee, "rabbitmq": None})
    assert found["egress"] == [DNS, {"to": [assets], "ports": tcp(9000, 8080)}]


@pytest.mark.parametrize(
    "cidr", ["203.0.113.0/24", "10.0.0.1/32", "128.0.0.0/1", "2001:DB8::/32", "::1/128", "fd00::/8"]
)
def test_addresses_may_call_and_be_called(release: ReleaseFactory, cidr: str) -> None:
    block = {"ipBlock": {"cidr": cidr}}
    (_, callers) = spec(release, "aaa-api", "staging", peers={"aaa-gateway": None, "office": block})["ingress"]
    assert callers == {"from": [block], "ports": tcp(8080)}
    found = spec(release, "event-recorder", "staging", egress={"partner": {**block, "ports": {"https": 443}}})
    assert found["egress"][2] == {"to": [block], "ports": tcp(443)}


def test_a_consumer_may_be_allowed_to_call_the_whole_world(release: ReleaseFactory) -> None:
    world = {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8", "169.254.0.0/16"]}}
    found = spec(release, "event-recorder", "staging", egress={"web": {**world, "ports": {"https": 443}}})
    assert found["egress"][-1] == {"to": [world], "ports": tcp(443)}


def test_the_platforms_own_peers_may_be_addresses(release: ReleaseFactory) -> None:
    resolver = {"ipBlock": {"cidr": "169.254.20.10/32"}}
    found = spec(release, "event-recorder", "staging", dns={**NOBODY, **resolver}, collector={**NOBODY, **resolver})
    assert [rule["to"] for rule in found["egress"][:2]] == [[resolver], [resolver]]
    (prometheus, _) = spec(release, "aaa-api", "staging", prometheus={**NOBODY, **resolver})["ingress"]
    assert prometheus == {"from": [resolver], "ports": tcp(8080)}


def test_prometheus_may_call_every_port_that_it_scrapes_and_no_other(release: ReleaseFactory) -> None:
    pages = {"b": {"port": "admin"}, "a": {"path": "/business"}, "gone": None}
    overrides = {
        "metrics": {"serviceMonitor": {"endpoints": pages}},
        "workload": {"extraPorts": {"admin": 9000, "grpc": 9090}},
    }
    rendered = release("aaa-api", "staging", overrides=overrides)
    (prometheus, callers) = thaw(rendered.one("NetworkPolicy")["spec"]["ingress"])
    assert prometheus["ports"] == tcp(8080, 9000)
    assert callers["ports"] == tcp(9000, 9090, 8080)


def test_a_unit_without_a_port_lets_nobody_in(release: ReleaseFactory) -> None:
    units = {"web": {}, "worker": {"role": "amqp-consumer"}}
    overrides = {"metrics": {"units": units}, "workload": {"probes": {"command": ["true"]}}}
    rendered = release("aaa-api", "staging", overrides=overrides)
    assert checks.traffic_rules(rendered) == []
    web, worker = (thaw(policy["spec"]) for policy in rendered.of_kind("NetworkPolicy"))
    assert web["ingress"] == [PROMETHEUS, CALLERS]
    assert worker["policyTypes"] == BOTH
    assert "ingress" not in worker
    assert [policy["podSelector"]["matchLabels"]["app.kubernetes.io/component"] for policy in (web, worker)] == [
        "web",
        "worker",
    ]


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
