"""What a deployment notes in the cluster stays there until it comes to its end, and keeps others away while it lives."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chart_harness.clusters.cluster import Cluster, ClusterError
from chart_harness.clusters.owners import Owner
from ci.gate.tests.targets.cluster.conftest import FakeApi
from promotion_gate.deployment import journal as module
from promotion_gate.deployment.journal import Entry, Journal
from promotion_gate.targets.cluster import signs_of_life
from promotion_gate.targets.cluster.signs_of_life import ALIVE_AT, DEAD_AFTER
from promotion_gate.targets.target import TargetError

CONFIG_MAPS = "/api/v1/namespaces/staging/configmaps"
PATH = f"{CONFIG_MAPS}/gate-deploy-demo"
FIRST, LATER = Entry(None, 0, "a" * 64), Entry(12, 13, "b" * 64)


@pytest.fixture
def new(cluster: Cluster) -> Callable[[], Journal]:
    """A journal as another deployment has it."""
    return lambda: Journal(cluster, "staging", "demo")


def killed(api: FakeApi) -> None:
    """The process that made the entry is another one's by now, and that one began later."""
    api.objects[PATH]["data"]["started"] = "1.5"


def test_an_entry_is_there_until_it_is_ended(new: Callable[[], Journal], api: FakeApi) -> None:
    with new() as journal:
        assert journal.read() is None
        journal.begin(FIRST)
        assert api.objects[PATH]["metadata"]["labels"] == {"promotion-gate/journal": "true"}
        journal.end()
        assert not api.objects
        journal.end()


def test_what_a_killed_deployment_noted_is_read_and_replaced(new: Callable[[], Journal], api: FakeApi) -> None:
    for entry, before in ((FIRST, None), (LATER, FIRST)):
        with new() as journal:
            assert journal.read() == before
            journal.begin(entry)
        killed(api)
    assert new().read() == LATER


def test_nobody_comes_between_while_it_lives(new: Callable[[], Journal], api: FakeApi) -> None:
    with new() as journal:
        journal.begin(FIRST)
        with pytest.raises(
            TargetError, match=rf"Another deployment of demo in namespace staging .* of process {os.getpid()} on"
        ):
            new().read()
        with pytest.raises(TargetError, match="is under way: wait for it"):  # both looked before either had begun
            new().begin(LATER)
    assert api.objects[PATH]["data"]["newest"] == "0"


@pytest.mark.parametrize("status", [404, 409])
def test_of_two_that_find_a_killed_one_only_one_goes_on(status: int, new: Callable[[], Journal], api: FakeApi) -> None:
    with new() as journal:
        journal.begin(FIRST)
    killed(api)
    with new() as journal:
        assert journal.read() == FIRST
        api.refuses[f"PUT {PATH}"] = status
        with pytest.raises(TargetError, match="is under way"):
            journal.begin(LATER)


@pytest.mark.parametrize(
    ("age", "alive"),
    [(timedelta(0), True), (DEAD_AFTER - timedelta(seconds=5), True), (DEAD_AFTER + timedelta(seconds=5), False)],
)
def test_one_on_another_host_is_known_by_its_signs_of_life(
    age: timedelta, alive: bool, new: Callable[[], Journal], api: FakeApi
) -> None:
    with new() as journal:
        journal.begin(FIRST)
    api.objects[PATH]["data"] |= {"processes": "another host's", "started": "1.5"}
    api.objects[PATH]["metadata"]["annotations"][ALIVE_AT] = (datetime.now(UTC) - age).isoformat()
    if alive:
        with pytest.raises(TargetError, match="is under way, of process"):
            new().read()
    else:
        assert new().read() == FIRST


def test_it_shows_that_it_lives(
    new: Callable[[], Journal],
    api: FakeApi,
    monkeypatch: pytest.MonkeyPatch,
    wait: Callable[[Callable[[], bool]], None],
) -> None:
    monkeypatch.setattr(signs_of_life, "RENEW_SECONDS", 0.01)
    with new() as journal:
        journal.begin(FIRST)
        annotations = api.objects[PATH]["metadata"]["annotations"]
        annotations[ALIVE_AT] = "old"
        wait(lambda: annotations[ALIVE_AT] != "old")
    signs = [thread for thread in threading.enumerate() if thread.name == "renew-gate-deploy-demo"]
    for thread in signs:
        thread.join(5)
        assert not thread.is_alive()


def test_a_host_that_does_not_tell_its_processes_apart_goes_by_the_time(
    new: Callable[[], Journal], api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_processes", lambda: "")
    with new() as journal:
        journal.begin(FIRST)
    killed(api)
    with pytest.raises(TargetError, match="is under way"):
        new().read()


@pytest.mark.parametrize(
    "data", [None, {}, {"serving": "1", "newest": "2"}, {"serving": "x", "newest": "2", "manifests": "a"}]
)
def test_what_nobody_can_read_is_no_entry(data: Any, new: Callable[[], Journal], api: FakeApi) -> None:
    dead = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    api.objects[PATH] = {"metadata": {"name": "gate-deploy-demo", "annotations": {ALIVE_AT: dead}}, "data": data}
    assert new().read() is None


@pytest.mark.parametrize(
    ("refused", "call", "says"),
    [
        (f"GET {PATH}", lambda journal: journal.read(), "read the ConfigMap gate-deploy-demo"),
        (f"POST {CONFIG_MAPS}", lambda journal: journal.begin(FIRST), "write the ConfigMap"),
        (f"DELETE {PATH}", lambda journal: journal.end(), "delete the ConfigMap"),
    ],
)
def test_what_the_cluster_refuses_is_said(
    refused: str, call: Callable[[Journal], object], says: str, new: Callable[[], Journal], api: FakeApi
) -> None:
    api.refuses[refused] = 403
    with pytest.raises(ClusterError, match=f"did not let the gate {says}.*: it answered 403"):
        call(new())


def test_the_process_is_known_by_its_start_too(new: Callable[[], Journal], api: FakeApi) -> None:
    with new() as journal:
        journal.begin(FIRST)
    data = api.objects[PATH]["data"]
    assert Owner(int(data["pid"]), float(data["started"])) == Owner.of(os.getpid())
