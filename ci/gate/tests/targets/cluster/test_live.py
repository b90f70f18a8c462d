"""The live target: it looks at the release in its environment's namespace, and changes nothing there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from chart_harness.clusters.cluster import Cluster
from chart_harness.fleet import service_release
from chart_harness.frozen import thaw
from ci.gate.tests.targets.cluster.conftest import NAMESPACES, FakeApi
from ci.gate.tests.targets.cluster.test_pods import pod
from promotion_gate.checks.check import Subject
from promotion_gate.deployment.helm_release import HelmRelease
from promotion_gate.evidence import PodState, Traffic
from promotion_gate.gathering import Patience, gather
from promotion_gate.manifests import Judged
from promotion_gate.plan import Plan, Request
from promotion_gate.progress import Progress
from promotion_gate.targets import TargetError
from promotion_gate.targets.cluster.live import LiveTarget
from promotion_gate.targets.cluster.place import Place
from promotion_gate.workload import read_workload


class Here(Place):
    """The fake cluster."""

    def open(self) -> Cluster:
        return self.provider  # type: ignore[return-value]

    def close(self) -> None:
        """Nothing was opened."""


@pytest.fixture
def judged(root: Path) -> Judged:
    return Judged(root, service_release(root, "archive-tagger", "staging"), {})


@pytest.fixture
def runs(judged: Judged, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What Helm says that runs; tests change it."""
    found: list[dict[str, Any]] = [thaw(item) for item in judged.rendered.objects]

    def objects(release: HelmRelease, _revision: int | None = None) -> tuple[dict[str, Any], ...]:
        assert (release.namespace, release.name) == ("staging", "archive-tagger")
        return tuple(found)

    monkeypatch.setattr(HelmRelease, "objects", objects)
    return found


@pytest.fixture
def make(cluster: Cluster, api: FakeApi, judged: Judged, tmp_path: Path) -> Callable[..., LiveTarget]:
    api.objects[f"{NAMESPACES}/kube-system"] = {"metadata": {"name": "kube-system", "uid": "u-1"}}
    place = Here("kind", fit_for_promotion=True, note="", provider=cluster, provide=lambda *_: None)  # type: ignore[arg-type]

    def target(**options: bool) -> LiveTarget:
        return LiveTarget(place, judged, tmp_path, **options)

    return target


LABELS = {"app.kubernetes.io/name": "archive-tagger", "app.kubernetes.io/instance": "archive-tagger"}


def test_it_sees_the_release_where_it_is_and_writes_nothing(
    make: Callable[..., LiveTarget], judged: Judged, runs: list[dict[str, Any]], api: FakeApi
) -> None:
    api.objects[f"{NAMESPACES}/staging/pods/a"] = pod(labels=LABELS)
    api.objects[f"{NAMESPACES}/staging/pods/b"] = pod(
        name="demo-2", labels={**LABELS, "app.kubernetes.io/name": "other"}
    )
    target = make()
    target.start(read_workload(judged.rendered))
    assert [state.name for state in target.pods()] == ["demo-1"]
    assert (target.name, target.kind, target.identity) == ("live:kind", "live", "u-1/staging")
    assert target.fit_for_promotion is False
    target.stop()
    assert {request.split()[0] for request in api.asked} == {"GET"}


def test_another_release_than_was_judged_is_not_looked_at(
    make: Callable[..., LiveTarget], judged: Judged, runs: list[dict[str, Any]]
) -> None:
    workload = read_workload(judged.rendered)
    runs[0]["metadata"]["labels"]["app.kubernetes.io/version"] = "0.0.9"
    with pytest.raises(TargetError, match=r"What runs in namespace staging is not what this checkout says: .* differs"):
        make().start(workload)
    anyway = make(must_match=False)
    anyway.start(workload)
    anyway.stop()
    runs.clear()
    with pytest.raises(TargetError, match="There is no release archive-tagger in namespace staging"):
        make().start(workload)


class Answering:
    """A place with one pod that answers, and shows nothing else."""

    identity = note = ""
    name, fit_for_promotion = "somewhere", False

    def __init__(self, kind: str, url: str) -> None:
        self.kind, self._url = kind, url

    def start(self, _workload: object) -> None:
        """It runs already."""

    def pods(self) -> tuple[PodState, ...]:
        return (PodState("demo-1", "Running", ready=True, restarts=0, image="x"),)

    def addresses(self) -> dict[str, str]:
        return {"demo-1": self._url}

    def __getattr__(self, name: str) -> Callable[[], tuple[()]]:
        return lambda: ()


@pytest.mark.parametrize(
    ("kind", "exclusive", "asked"),
    [("cluster", True, {"GET", "POST"}), ("embedded", True, {"GET", "POST"}), ("live", False, {"GET"})],
)
def test_a_service_with_users_is_sent_only_what_changes_nothing(
    kind: str, exclusive: bool, asked: set[str], pull: Subject, serve: Callable[..., str]
) -> None:
    methods: set[str] = set()

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.rfile.read(int(request.headers.get("Content-Length") or 0))
        methods.add(request.command)
        request.send_response(204)
        request.end_headers()

    plan = Plan(requests=(Request(path="/a"), Request(method="POST", path="/a", body={})), requests_per_pod=4)
    workload = replace(pull.workload, replicas=1)
    patience = Patience(ready=5, window=0, metrics=0)
    with Progress(Console(quiet=True)) as progress:
        target: Any = Answering(kind, serve(answer))
        evidence = gather(workload, pull.contract, plan, target, patience, progress)
    assert isinstance(evidence.traffic, Traffic)
    assert (evidence.traffic.exclusive, evidence.traffic.answers >= 4, methods) == (exclusive, True, asked)
