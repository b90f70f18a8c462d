"""What is tried around a release: always something that must come about beside what must not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from chart_harness.fleet import service_release
from chart_harness.frozen import thaw
from promotion_gate.targets.cluster.attempts import (
    LISTENER_PORT,
    Callee,
    attempts,
    closes_egress,
    named_callees,
    named_callers,
)
from promotion_gate.targets.cluster.policies import Place
from promotion_gate.workload import read_workload

SPACE = "kubernetes.io/metadata.name"
NAME = "app.kubernetes.io/name"


def place(name: str, labels: Mapping[str, str] | None = None, namespace: str = "staging") -> Place:
    return Place(name, namespace, labels or {NAME: name}, "10.0.0.1", {SPACE: namespace})


STRANGER, LISTENER = place("stranger"), place("listener")
DNS = place("coredns", namespace="kube-system")
COLLECTOR = place("collector", {NAME: "opentelemetry-collector"}, "monitoring")


def rendered(root: Path, service: str) -> tuple[list[dict[str, Any]], Place, list[int]]:
    """The policies of a service of the fleet, one of its pods, and its ports."""
    release = service_release(root, service, "staging")
    workload = read_workload(release)
    policies = [thaw(item) for item in release.of_kind("NetworkPolicy")]
    return policies, place(service, workload.labels), sorted(workload.ports.values())


def said(
    policies: Sequence[Mapping[str, Any]], pod: Place, ports: Sequence[int], **more: Any
) -> set[tuple[str, str, int, bool]]:
    given: dict[str, Any] = {"stranger": STRANGER, "callers": [], "listener": None, "callees": [], **more}
    found = attempts(policies, [pod], ports, **given)
    return {(one.source.name, one.target.name, one.port, one.allowed) for one in found}


def test_an_api_is_tried_by_a_stranger_by_whom_it_names_and_by_itself(root: Path) -> None:
    policies, api, ports = rendered(root, "aaa-api")
    (labels,) = named_callers(policies, api)
    assert labels == {NAME: "aaa-gateway"}
    assert not closes_egress(policies, api)
    assert said(policies, api, ports, callers=[place("caller", labels)]) == {
        ("stranger", "aaa-api", 8080, False),
        ("caller", "aaa-api", 8080, True),
        ("aaa-api", "aaa-api", 8080, True),
    }


def test_a_runner_tries_whom_it_may_call_and_whom_not(root: Path) -> None:
    policies, runner, ports = rendered(root, "archive-tagger")
    assert named_callers(policies, runner) == ()
    assert closes_egress(policies, runner)
    assert named_callees(policies, runner) == (
        Callee({"matchLabels": {SPACE: "kube-system"}}, {}, (53,)),
        Callee({"matchLabels": {SPACE: "monitoring"}}, {"matchLabels": {NAME: "opentelemetry-collector"}}, (4318,)),
    )
    assert said(policies, runner, ports, listener=LISTENER, callees=[(DNS, 53), (COLLECTOR, 4318), (COLLECTOR, 1)]) == {
        ("stranger", "listener", LISTENER_PORT, True),
        ("archive-tagger", "listener", LISTENER_PORT, False),
        ("archive-tagger", "coredns", 53, True),
        ("archive-tagger", "collector", 4318, True),
        ("archive-tagger", "collector", 1, False),
    }


def test_without_a_policy_everyone_is_let_in(root: Path) -> None:
    _, api, ports = rendered(root, "aaa-api")
    assert not closes_egress([], api)
    assert said([], api, ports) == {("stranger", "aaa-api", 8080, True), ("aaa-api", "aaa-api", 8080, True)}


def test_what_the_namespace_forbids_the_caller_is_not_expected_of_it(root: Path) -> None:
    """In a namespace that is in use there may be a policy for all pods."""
    policies, api, ports = rendered(root, "aaa-api")
    closed = {
        "metadata": {"namespace": "staging", "name": "all"},
        "spec": {"podSelector": {}, "policyTypes": ["Egress"]},
    }
    callers = [place("caller", {NAME: "aaa-gateway"})]
    assert ("caller", "aaa-api", 8080, False) in said([*policies, closed], api, ports, callers=callers)


@pytest.mark.parametrize(
    ("peer", "callers"),
    [
        ({"podSelector": {"matchLabels": {"a": "b"}}}, ({"a": "b"},)),
        ({"podSelector": {}}, ()),
        ({"podSelector": {"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "c", "operator": "Exists"}]}}, ()),
        ({"podSelector": {"matchLabels": {"a": "b"}}, "namespaceSelector": {}}, ()),
        ({"ipBlock": {"cidr": "10.0.0.0/8"}}, ()),
    ],
)
def test_a_caller_can_be_played_where_labels_alone_name_it(
    peer: dict[str, Any], callers: tuple[dict[str, str], ...]
) -> None:
    one = {
        "metadata": {"namespace": "staging", "name": "p"},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"from": [peer]}, {"from": [peer]}, {}]},
    }
    assert named_callers([one], place("api")) == callers
    assert named_callees([one], place("api")) == ()


def test_what_depends_on_the_network_is_not_tried() -> None:
    block = {
        "metadata": {"namespace": "staging", "name": "p"},
        "spec": {
            "podSelector": {"matchLabels": {NAME: "api"}},
            "ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}],
        },
    }
    assert said([block], place("api"), [8080]) == {("api", "api", 8080, True)}


def test_an_egress_rule_that_names_addresses_ports_of_udp_or_by_name_names_no_port_to_try() -> None:
    rules = [
        {"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}], "ports": [{"port": 1}]},
        {"to": [{"podSelector": {}}], "ports": [{"port": 53, "protocol": "UDP"}, {"port": "web"}, {"port": 2}]},
        {"to": [{"namespaceSelector": {}}]},
    ]
    one = {
        "metadata": {"namespace": "staging", "name": "p"},
        "spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": rules},
    }
    assert named_callees([one], place("api")) == (Callee(None, {}, (2,)), Callee({}, {}, ()))
