"""The first session in boots the cluster, the last one out deletes it, whatever happens to the sessions."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import pytest

from chart_harness.clusters.cluster import Cluster, ClusterError
from chart_harness.clusters.owners import Owner, Owners
from chart_harness.clusters.provider import ClusterChanged
from chart_harness.clusters.session import acquire, delete, folder, release, session_cluster

THE_CLUSTER = Cluster("fake", Path("kubeconfig"), "kind-fake")


@dataclass
class FakeProvider:
    """A cluster that exists or not, and a list of what was asked of it."""

    name: str = "fake"
    exists: bool = False
    outdated: bool = False
    failure: BaseException | None = None
    asked: list[str] = field(default_factory=list)

    def find(self) -> Cluster | None:
        if self.exists and self.outdated:
            raise ClusterChanged("Cluster fake was booted from other versions of: image node.")
        return THE_CLUSTER if self.exists else None

    def start(self) -> Cluster:
        self.asked.append("start")
        if self.failure:
            raise self.failure
        self.exists, self.outdated = True, False
        return THE_CLUSTER

    def stop(self) -> None:
        self.asked.append("stop")
        self.exists = False

    def tidy(self, cluster: Cluster) -> None:
        assert cluster is THE_CLUSTER
        self.asked.append("tidy")


@pytest.fixture(autouse=True)
def _own_cache(cache: Path) -> None:
    """State and locks of the test's own."""


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Two processes that stand for sessions."""
    children = [subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) for _ in range(2)]
    yield children
    for child in children:
        child.kill()
        child.communicate()


@pytest.fixture
def owners(processes: list[subprocess.Popen[bytes]]) -> list[Owner]:
    return [Owner.of(child.pid) for child in processes]


def kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def test_the_first_in_boots_and_the_last_out_deletes(owners: list[Owner]) -> None:
    provider = FakeProvider()
    assert acquire(provider, owners[0]) is THE_CLUSTER
    assert acquire(provider, owners[1]) is THE_CLUSTER
    release(provider, owners[0])
    assert provider.asked == ["start"]
    release(provider, owners[1])
    assert provider.asked == ["start", "stop"]


def test_release_is_safe_to_call_again_and_for_who_has_nothing(owners: list[Owner]) -> None:
    provider = FakeProvider()
    release(provider, owners[0])
    acquire(provider, owners[0])
    release(provider, owners[0])
    release(provider, owners[0])
    assert provider.asked == ["start", "stop"]


def test_a_second_worker_of_a_session_takes_nothing_away_from_the_first(owners: list[Owner]) -> None:
    provider = FakeProvider(exists=True)
    acquire(provider, owners[0])
    acquire(provider, owners[0])
    assert provider.asked == ["tidy"]


def test_what_killed_runs_left_goes_only_when_nobody_else_is_there(
    owners: list[Owner], processes: list[subprocess.Popen[bytes]]
) -> None:
    provider = FakeProvider(exists=True)
    acquire(provider, owners[0])
    acquire(provider, owners[1])
    assert provider.asked == ["tidy"]
    for process in processes:
        kill(process)
    acquire(provider)
    assert provider.asked == ["tidy", "tidy"]


def test_a_killed_session_does_not_hold_the_cluster(
    owners: list[Owner], processes: list[subprocess.Popen[bytes]]
) -> None:
    provider = FakeProvider()
    acquire(provider, owners[0])
    acquire(provider, owners[1])
    kill(processes[0])
    release(provider, owners[1])
    assert provider.asked == ["start", "stop"]


def test_a_kept_cluster_outlives_its_last_session_until_it_is_deleted(owners: list[Owner]) -> None:
    provider = FakeProvider()
    acquire(provider, owners[0], keep=True)
    release(provider, owners[0])
    assert provider.asked == ["start"]
    delete(provider)
    assert provider.asked == ["start", "stop"]
    acquire(provider, owners[1])  # and this one is nobody's to keep
    release(provider, owners[1])
    assert provider.asked == ["start", "stop", "start", "stop"]


def test_a_cluster_that_is_used_is_not_deleted(owners: list[Owner], processes: list[subprocess.Popen[bytes]]) -> None:
    provider = FakeProvider()
    acquire(provider, owners[0])
    with pytest.raises(ClusterError, match=rf"Cluster fake is in use: process {processes[0].pid} .* must end first\."):
        delete(provider)
    assert provider.asked == ["start"]


def test_an_outdated_cluster_is_made_anew(owners: list[Owner]) -> None:
    provider = FakeProvider(exists=True, outdated=True)
    acquire(provider, owners[0])
    assert provider.asked == ["start"]


def test_an_outdated_cluster_is_left_to_those_who_use_it(owners: list[Owner]) -> None:
    provider = FakeProvider(exists=True)
    acquire(provider, owners[0])
    provider.outdated = True
    with pytest.raises(ClusterError, match=r"other versions of: image node\. process \d+ .* still uses it: wait until"):
        acquire(provider, owners[1])
    assert provider.asked == ["tidy"]
    assert Owners(folder("fake") / "owners.json").alive == {owners[0]}


@pytest.mark.parametrize("failure", [ClusterError("no"), KeyboardInterrupt()])
def test_who_could_not_boot_it_is_no_owner(owners: list[Owner], failure: BaseException) -> None:
    provider = FakeProvider(failure=failure)
    with pytest.raises(type(failure)):
        acquire(provider, owners[0])
    assert not Owners(folder("fake") / "owners.json").alive
    provider.failure = None
    assert acquire(provider, owners[0]) is THE_CLUSTER


def test_the_context_manager_releases_whatever_happens_inside() -> None:
    provider = FakeProvider()
    with pytest.raises(ZeroDivisionError), session_cluster(provider):
        raise ZeroDivisionError
    assert provider.asked == ["start", "stop"]


def test_a_session_inside_a_session_leaves_it_the_cluster() -> None:
    provider = FakeProvider()
    acquire(provider)
    with session_cluster(provider):
        pass
    assert provider.asked == ["start"]
    release(provider)
    assert provider.asked == ["start", "stop"]


@dataclass
class CountingProvider(FakeProvider):
    """A cluster that all processes of this host see: a file."""

    file: Path = Path()

    def find(self) -> Cluster | None:
        return THE_CLUSTER if self.file.exists() and self.file.read_text().endswith("+") else None

    def start(self) -> Cluster:
        with self.file.open("a") as log:
            log.write("+")
        return THE_CLUSTER

    def stop(self) -> None:
        with self.file.open("a") as log:
            log.write("-")


def _one_session(file: Path, ready: object, go: object) -> None:
    provider = CountingProvider(file=file)
    acquire(provider)
    ready.wait()  # type: ignore[attr-defined]
    go.wait()  # type: ignore[attr-defined]
    release(provider)


def test_eight_processes_at_once_boot_once_and_delete_once(tmp_path: Path) -> None:
    context = get_context("fork")
    ready, go = context.Barrier(9), context.Event()
    sessions = [context.Process(target=_one_session, args=(tmp_path / "log", ready, go)) for _ in range(8)]
    for session in sessions:
        session.start()
    ready.wait(timeout=30)
    assert (tmp_path / "log").read_text() == "+"
    go.set()
    for session in sessions:
        session.join(timeout=30)
    assert [session.exitcode for session in sessions] == [0] * 8
    assert (tmp_path / "log").read_text() == "+-"
