"""`python -m chart_harness.clusters`: up keeps the cluster, down deletes it, status says what is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from chart_harness.clusters import __main__ as command_line
from chart_harness.clusters.booted import Booted
from chart_harness.clusters.cluster import Cluster, ClusterError
from chart_harness.clusters.owners import Owner, Owners
from chart_harness.clusters.session import acquire, folder


class FakeKind:
    """A cluster that is a file."""

    name = "service-metrics"

    def find(self) -> Cluster | None:
        return self.start() if Booted.read(_record()) else None

    def start(self) -> Cluster:
        Booted("c1", {}, seconds=21.4).write(_record())
        return Cluster(self.name, Path("/there/kubeconfig"), "kind-service-metrics")

    def stop(self) -> None:
        _record().unlink(missing_ok=True)

    def tidy(self, cluster: Cluster) -> None:
        """Nothing was left."""


def _record() -> Path:
    return folder("service-metrics") / "booted.json"


@pytest.fixture(autouse=True)
def _fake_kind(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_line, "KindProvider", FakeKind)


def test_up_keeps_it_and_down_deletes_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["up"]) == 0
    assert "export KUBECONFIG=/there/kubeconfig" in capsys.readouterr().out
    assert command_line.main(["status"]) == 0
    assert capsys.readouterr().out == "Cluster service-metrics: booted in 21 s, kept, used by nobody.\n"
    assert command_line.main(["down"]) == 0
    assert command_line.main(["status"]) == 0
    assert capsys.readouterr().out.endswith("There is no cluster service-metrics; make cluster boots it.\n")


def test_down_leaves_a_cluster_to_those_who_use_it(capsys: pytest.CaptureFixture[str]) -> None:
    owner = Owner.of_this_session()
    acquire(FakeKind(), owner)
    assert command_line.main(["down"]) == 1
    assert capsys.readouterr().err.startswith(f"Cluster service-metrics is in use: process {owner.pid} ")
    assert command_line.main(["status"]) == 0
    assert f"deleted when its last session ends, used by process {owner.pid}" in capsys.readouterr().out
    assert Owners(folder("service-metrics") / "owners.json").alive == {owner}


def test_an_error_is_its_sentence_and_exit_code_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_self: FakeKind) -> Cluster:
        raise ClusterError("No Docker engine answers: start one, or run make engine.")

    monkeypatch.setattr(FakeKind, "start", fail)
    assert command_line.main(["up"]) == 1
    assert capsys.readouterr().err == "No Docker engine answers: start one, or run make engine.\n"
