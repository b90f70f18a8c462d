"""Waits against an API server that behaves badly: the real client, real connections."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from chart_harness.clusters.cluster import Cluster, ClusterError
from chart_harness.clusters.objects import DEPLOYMENT, POD
from chart_harness.clusters.waits import Waiting, WaitTimeout, eventually, wait_for
from chart_harness.clusters.watching import Snapshot

from .conftest import BREAK, GONE, Api, at, event, listing, pod


def running(*names: str) -> object:
    """The condition that exactly these pods are there."""

    def condition(state: Snapshot) -> list[str]:
        found = sorted(item["metadata"]["name"] for item in state[POD])
        if found != list(names):
            raise Waiting(f"the pods are {found}")
        return found

    return condition


def wait(cluster: Cluster, *names: str, deadline: float = 10) -> object:
    return wait_for(running(*names), "pods", cluster=cluster, namespace="test", deadline=deadline)  # type: ignore[arg-type]


def test_what_is_already_so_needs_no_watch(cluster: Cluster, api: Api) -> None:
    api.lists["pods"] = [listing(pod("a"))]
    assert wait(cluster, "a") == ["a"]


def test_changes_are_followed(cluster: Cluster, api: Api) -> None:
    api.lists["pods"] = [listing(pod("a"), version="7")]
    api.watches["pods"] = [
        [event("ADDED", pod("b", "8")), event("DELETED", pod("a", "9"))],
        [event("BOOKMARK", pod("", "12")), event("ADDED", pod("c", "13"))],
        [event("MODIFIED", pod("c", "14")), event("DELETED", pod("b", "15"))],
    ]
    assert wait(cluster, "c") == ["c"]
    versions = [request.split("resourceVersion=")[1].split("&")[0] for request in api.requests if "watch=" in request]
    assert versions[:3] == ["7", "9", "13"]
    assert len([request for request in api.requests if "watch=" not in request]) == 1


def test_a_version_that_is_too_old_is_listed_again(cluster: Cluster, api: Api) -> None:
    api.lists["pods"] = [listing(pod("a")), listing(pod("b"), version="90")]
    api.watches["pods"] = [[GONE]]
    assert wait(cluster, "b") == ["b"]


def test_a_broken_connection_is_listed_again(cluster: Cluster, api: Api) -> None:
    api.lists["pods"] = [listing(), listing(pod("b"))]
    api.watches["pods"] = [[event("ADDED", pod("a", "2")), BREAK]]
    assert wait(cluster, "b") == ["b"]


def test_the_deadline_ends_it_and_says_what_was_instead(cluster: Cluster, api: Api) -> None:
    api.lists["pods"] = [listing(pod("a"))]
    api.watches["pods"] = [[threading.Event()]]
    before = time.monotonic()
    with pytest.raises(WaitTimeout, match=r"Waited 1 s for pods: the pods are \['a'\]\."):
        wait(cluster, "b", deadline=1)
    assert time.monotonic() - before < 3


def test_a_condition_that_fails_ends_it_at_once(cluster: Cluster, api: Api) -> None:
    api.lists["pods"] = [listing(pod("a"))]
    api.watches["pods"] = [[threading.Event()]]

    def never(_: Snapshot) -> None:
        raise LookupError("it will never be")

    before = time.monotonic()
    with pytest.raises(LookupError):
        wait_for(never, "nothing", cluster=cluster, namespace="test", deadline=30)
    assert time.monotonic() - before < 3


def test_every_kind_is_listed_before_the_condition_is_asked(cluster: Cluster, api: Api) -> None:
    api.lists["pods"] = [listing(pod("a"))]
    api.lists["deployments"] = [listing()]
    seen = wait_for(set, "both", cluster=cluster, namespace="test", kinds=(POD, DEPLOYMENT), deadline=10)
    assert seen == {POD, DEPLOYMENT}


def test_a_refusal_is_an_error_and_no_wait(cluster: Cluster, api: Api) -> None:
    api.lists["pods"] = [403]
    with pytest.raises(ClusterError, match="Cluster fake did not let us read pods: it answered 403 Forbidden"):
        wait(cluster, "a")


def test_a_cluster_that_is_gone_is_an_error_and_no_wait(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="Cluster fake does not answer"):
        wait(at("http://127.0.0.1:1", tmp_path), "a", deadline=30)


def test_eventually_asks_until_there_is_an_answer() -> None:
    answers = iter([Waiting("not yet"), Waiting("not yet"), 42])

    def probe() -> object:
        if isinstance(answer := next(answers), Waiting):
            raise answer
        return answer

    assert eventually(probe, "an answer", every=0.01) == 42


def test_eventually_says_what_was_instead() -> None:
    def probe() -> None:
        raise Waiting("nobody has measured it")

    with pytest.raises(WaitTimeout, match=r"Waited 0 s for the memory: nobody has measured it\."):
        eventually(probe, "the memory", deadline=0.1, every=0.02)
