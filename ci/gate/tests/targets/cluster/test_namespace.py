"""A verification's namespace: it is there while the gate lives, and gone however it ends."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta

import pytest

from chart_harness.clusters.cluster import Cluster, ClusterError
from ci.gate.tests.targets.cluster.conftest import NAMESPACES, FakeApi
from promotion_gate.targets.cluster import namespace as namespaces
from promotion_gate.targets.cluster import signs_of_life
from promotion_gate.targets.cluster.namespace import (
    RUN_LABEL,
    VerificationNamespace,
    delete_abandoned,
    manifest,
    name_for,
)
from promotion_gate.targets.cluster.signs_of_life import ALIVE_AT, DEAD_AFTER, is_abandoned

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture
def namespace(cluster: Cluster) -> VerificationNamespace:
    return VerificationNamespace(cluster, "aaa-api", "staging")


def test_it_is_created_restricted_and_deleted(api: FakeApi, namespace: VerificationNamespace) -> None:
    namespace.create()
    (name,) = api.namespaces
    assert name == namespace.name
    labels = api.objects[f"{NAMESPACES}/{name}"]["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    namespace.delete()
    namespace.delete()
    assert not api.namespaces


def test_what_was_never_created_needs_no_deletion(api: FakeApi, namespace: VerificationNamespace) -> None:
    namespace.delete()
    assert not api.asked


def test_an_interrupt_before_the_answer_loses_no_namespace(
    api: FakeApi, namespace: VerificationNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The interrupt comes while the request is under way; the API creates the namespace only after that."""
    interrupted = threading.Event()

    def hold(request: str) -> None:
        if request.startswith("POST"):
            interrupted.wait(20)

    api.before = hold

    def interrupt(_future: object) -> None:
        interrupted.set()
        raise KeyboardInterrupt

    monkeypatch.setattr(Future, "result", interrupt)
    with pytest.raises(KeyboardInterrupt):
        namespace.create()
    monkeypatch.undo()
    namespace.delete()
    assert f"POST {NAMESPACES}" in api.asked
    assert not api.namespaces


def test_it_is_renewed_while_the_gate_lives(
    api: FakeApi,
    namespace: VerificationNamespace,
    monkeypatch: pytest.MonkeyPatch,
    wait: Callable[[Callable[[], bool]], None],
) -> None:
    monkeypatch.setattr(signs_of_life, "RENEW_SECONDS", 0.01)
    namespace.create()
    path = f"{NAMESPACES}/{namespace.name}"
    api.refuses[f"PATCH {path}"] = 503
    wait(lambda: api.asked.count(f"PATCH {path}") > 2)  # one that fails is not the last
    old = api.objects[path]["metadata"]["annotations"][ALIVE_AT] = "old"
    api.refuses.clear()
    wait(lambda: api.objects[path]["metadata"]["annotations"][ALIVE_AT] != old)
    namespace.delete()


def test_a_namespace_that_does_not_go_is_told(
    api: FakeApi, namespace: VerificationNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(namespaces, "DELETE_SECONDS", 0.3)
    namespace.create()
    api.refuses[f"DELETE {NAMESPACES}/{namespace.name}"] = 409
    with pytest.raises(ClusterError, match=f"namespace {namespace.name} to go: it is still there"):
        namespace.delete()


def test_a_cluster_that_refuses_is_told(api: FakeApi, namespace: VerificationNamespace) -> None:
    api.refuses[f"POST {NAMESPACES}"] = 403
    with pytest.raises(
        ClusterError, match=f"did not let the gate create the namespace {namespace.name}: it answered 403"
    ):
        namespace.create()
    namespace.delete()


@pytest.mark.parametrize(
    ("alive_at", "abandoned"),
    [
        (NOW.isoformat(), False),
        ((NOW - DEAD_AFTER).isoformat(), False),
        ((NOW - DEAD_AFTER - timedelta(seconds=1)).isoformat(), True),
        ((NOW + timedelta(hours=1)).isoformat(), False),
        ("yesterday", False),
        ("2020-01-01T00:00:00", False),
        (None, False),
    ],
)
def test_only_a_time_that_stood_still_is_a_dead_gates(alive_at: str | None, abandoned: bool) -> None:
    annotations = {} if alive_at is None else {ALIVE_AT: alive_at}
    assert is_abandoned({"metadata": {"name": "x", "annotations": annotations}}, NOW) is abandoned


def test_the_next_run_deletes_what_a_killed_gate_left_and_nothing_else(api: FakeApi, cluster: Cluster) -> None:
    stale = "2020-01-01T00:00:00+00:00"
    for name, labels, alive_at in (
        ("gate-dead", {RUN_LABEL: "1"}, stale),
        ("gate-alive", {RUN_LABEL: "2"}, datetime.now(UTC).isoformat()),
        ("somebody-elses", {}, stale),
    ):
        metadata = {"name": name, "labels": labels, "annotations": {ALIVE_AT: alive_at}}
        api.objects[f"{NAMESPACES}/{name}"] = {"metadata": metadata}
    delete_abandoned(cluster)
    assert api.namespaces == ["gate-alive", "somebody-elses"]


@pytest.mark.parametrize("service", ["aaa-api", "a" * 60, "a" * 38 + "-b", "With_Odd.Signs"])
def test_its_name_is_one_that_kubernetes_takes(service: str) -> None:
    name = name_for(service, "staging", "0123abcd")
    assert len(name) <= 63
    assert name.startswith("gate-")
    assert name.endswith("-0123abcd")
    assert "--" not in name
    assert name.replace("-", "").isalnum()
    assert name == name.lower()


def test_a_fresh_one_is_nobodys_left_over() -> None:
    assert not is_abandoned(manifest("x", "1").to_dict(), datetime.now(UTC))
