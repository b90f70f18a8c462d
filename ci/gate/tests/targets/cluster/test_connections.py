"""Attempts to connect: the script that makes them, whom it is tried on, and the pods that are started for it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import kubernetes_validate
import pytest

from chart_harness.clusters.cluster import Cluster, ClusterError
from chart_harness.clusters.pods import Pod
from ci.gate.tests.targets.cluster.conftest import NAMESPACES, FakeApi
from promotion_gate.evidence import Connection
from promotion_gate.targets.cluster import connections
from promotion_gate.targets.cluster.attempts import LISTENER_PORT
from promotion_gate.targets.cluster.connections import CONNECT, try_connections
from promotion_gate.targets.cluster.probe_pods import _LISTEN, PROBE_LABEL, Wanted, manifest

HERE = "gate-demo"
NAME, SPACE = "app.kubernetes.io/name", "kubernetes.io/metadata.name"


@pytest.fixture
def listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def shut() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        found: int = server.getsockname()[1]
    return found


def tried(*goals: tuple[str, int, bool], patience: float = 0) -> list[bool]:
    command = [sys.executable, "-I", "-S", "-c", CONNECT, json.dumps(goals), str(patience)]
    found: list[bool] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return found


def test_each_attempt_says_whether_it_was_made(listening: int, shut: int) -> None:
    goals = (("127.0.0.1", listening, True), ("127.0.0.1", shut, False), ("127.0.0.1", listening, False))
    assert tried(*goals) == [True, False, True]


def test_an_attempt_that_does_not_end_as_it_should_is_made_again_for_some_time(shut: int) -> None:
    def open_late() -> None:
        with socket.create_server(("127.0.0.1", shut)) as server:
            server.accept()[0].close()

    waiting = threading.Timer(0.8, open_late)
    waiting.start()
    assert tried(("127.0.0.1", shut, True), patience=20) == [True]
    waiting.join()


def test_the_listener_listens(shut: int) -> None:
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", _LISTEN.format(port=shut)]) as server:
        try:
            assert tried(("127.0.0.1", shut, True), patience=20) == [True]
        finally:
            server.kill()


TEMPLATE: Mapping[str, Any] = {
    "spec": {
        "containers": [{"name": "app", "image": "registry.example/demo:1"}],
        "imagePullSecrets": [{"name": "registry"}],
        "tolerations": [{"key": "team", "operator": "Exists"}],
    }
}


@pytest.mark.parametrize(
    "wanted", [Wanted("stranger", {}), Wanted("caller1", {NAME: "shop"}), Wanted("listener", {}, 9)]
)
def test_a_probe_is_a_pod_that_no_service_sends_requests_to(wanted: Wanted) -> None:
    made = manifest("gate-x", HERE, "r1", TEMPLATE, wanted)
    kubernetes_validate.validate(made, "1.34", strict=True)
    labels, spec = made["metadata"]["labels"], made["spec"]
    assert labels[PROBE_LABEL] == "r1"
    assert labels[NAME] == wanted.labels.get(NAME, f"gate-{wanted.role}")
    assert "chart-harness/run" not in labels  # else a test session would tidy it away
    assert spec["readinessGates"]  # a condition that nobody sets
    assert spec["activeDeadlineSeconds"] <= 300
    assert (spec["imagePullSecrets"], spec["tolerations"]) == ([{"name": "registry"}], TEMPLATE["spec"]["tolerations"])
    assert spec["containers"][0]["image"] == "registry.example/demo:1"
    assert ("9" in str(spec["containers"][0]["command"])) is (wanted.listens_on is not None)


def a_pod(name: str, labels: Mapping[str, str], namespace: str = HERE, port: int = 8080) -> dict[str, Any]:
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"containers": [{"name": "app", "ports": [{"containerPort": port, "name": "http"}]}]},
        "status": {"podIP": f"10.0.0.{len(name)}", "conditions": [{"type": "Ready", "status": "True"}]},
    }


DEPLOYMENT = {"kind": "Deployment", "metadata": {"name": "demo"}, "spec": {"template": TEMPLATE}}
POLICY = {
    "kind": "NetworkPolicy",
    "metadata": {"name": "demo", "namespace": HERE},
    "spec": {
        "podSelector": {"matchLabels": {NAME: "demo"}},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"from": [{"podSelector": {"matchLabels": {NAME: "shop"}}}]}],
        "egress": [{"to": [{"namespaceSelector": {"matchLabels": {SPACE: "messaging"}}}], "ports": [{"port": 5672}]}],
    },
}


@pytest.fixture
def network(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[tuple[str, int, bool]]]:
    """A cluster with a broker, whose network does what it should; what was tried, by the pod that tried it."""
    made: dict[str, list[tuple[str, int, bool]]] = {}
    for name in (HERE, "messaging"):
        api.objects[f"{NAMESPACES}/{name}"] = {"kind": "Namespace", "metadata": {"name": name, "labels": {SPACE: name}}}
    starting = a_pod("broker-0", {NAME: "rabbitmq"}, "messaging", 5672)
    starting["status"]["conditions"] = []
    metrics_only = a_pod("broker-1", {NAME: "rabbitmq"}, "messaging", 15692)
    for one in (starting, metrics_only, a_pod("broker-2", {NAME: "rabbitmq"}, "messaging", 5672)):
        api.objects[f"{NAMESPACES}/messaging/pods/{one['metadata']['name']}"] = one

    @contextmanager
    def probe_pods(
        cluster: Cluster, namespace: str, like: Mapping[str, Any], wanted: Sequence[Wanted]
    ) -> Iterator[tuple[Pod, ...]]:
        assert (namespace, like) == (HERE, TEMPLATE)
        yield tuple(Pod(cluster, a_pod(f"gate-{one.role}", {NAME: f"gate-{one.role}", **one.labels})) for one in wanted)

    def connect(source: Pod, planned: Any) -> list[bool]:
        made[source.name] = [(one.target.name, one.port, one.allowed) for one in planned]
        return [one.allowed for one in planned]

    monkeypatch.setattr(connections, "probe_pods", probe_pods)
    monkeypatch.setattr(connections, "connect", connect)
    return made


def test_everybody_tries_what_concerns_the_release(
    network: dict[str, list[tuple[str, int, bool]]], cluster: Cluster
) -> None:
    found = try_connections(cluster, HERE, [DEPLOYMENT, POLICY], [a_pod("demo-1", {NAME: "demo"})], [8080])
    assert network == {
        "demo-1": [("demo-1", 8080, True), ("gate-listener", LISTENER_PORT, False), ("broker-2", 5672, True)],
        "gate-stranger": [("demo-1", 8080, False), ("gate-listener", LISTENER_PORT, True)],
        "gate-caller1": [("demo-1", 8080, True)],
    }
    assert Connection(f"a pod labelled {NAME}=shop", "demo-1:8080", allowed=True, reached=True) in found
    assert Connection("gate-stranger", "demo-1:8080", allowed=False, reached=False) in found
    assert len(found) == 6


def test_the_policies_of_the_called_ones_namespace_count_too(
    network: dict[str, list[tuple[str, int, bool]]], cluster: Cluster, api: FakeApi
) -> None:
    closed = {
        "kind": "NetworkPolicy",
        "metadata": {"name": "closed", "namespace": "messaging"},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress"]},
    }
    api.objects["/apis/networking.k8s.io/v1/namespaces/messaging/networkpolicies/closed"] = closed
    try_connections(cluster, HERE, [DEPLOYMENT, POLICY], [a_pod("demo-1", {NAME: "demo"})], [8080])
    assert ("broker-2", 5672, False) in network["demo-1"]


def test_the_releases_own_policy_is_the_one_that_was_rendered_whatever_is_in_the_cluster(
    network: dict[str, list[tuple[str, int, bool]]], cluster: Cluster, api: FakeApi
) -> None:
    opened = {**POLICY, "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}]}}
    api.objects[f"/apis/networking.k8s.io/v1/namespaces/{HERE}/networkpolicies/demo"] = opened
    try_connections(cluster, HERE, [DEPLOYMENT, POLICY], [a_pod("demo-1", {NAME: "demo"})], [8080])
    assert ("demo-1", 8080, False) in network["gate-stranger"]


def test_without_a_pod_there_is_nobody_to_try_it_on(cluster: Cluster) -> None:
    with pytest.raises(ClusterError, match="no pod of the release runs"):
        try_connections(cluster, HERE, [DEPLOYMENT, POLICY], [], [8080])
