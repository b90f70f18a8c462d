"""The cluster target's life: what it makes it removes, whatever happens in between, and it runs nothing but what was judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from chart_harness.clusters.cluster import Cluster, ClusterError
from chart_harness.clusters.install import Installed
from chart_harness.errors import RenderError
from chart_harness.fleet import service_release
from chart_harness.frozen import thaw
from ci.gate.tests.targets.cluster.conftest import NAMESPACES, FakeApi
from ci.gate.tests.targets.cluster.test_pods import pod
from promotion_gate.manifests import Judged
from promotion_gate.targets import TargetError
from promotion_gate.targets.cluster import release as release_module
from promotion_gate.targets.cluster.target import ClusterTarget
from promotion_gate.targets.target import ShowsCluster
from promotion_gate.workload import Workload, read_workload


@dataclass
class Ground:
    """A place whose cluster is the fake one."""

    cluster: Cluster
    opened: int = 0
    closed: int = 0
    images: list[str] = field(default_factory=list)
    fault: Exception | None = None
    name: str = "fake"
    fit_for_promotion: bool = True
    note: str = ""
    prometheus: str = "monitoring/prometheus:9090"
    patience: float = 1.0

    def open(self) -> Cluster:
        self.opened += 1
        if self.fault:
            raise self.fault
        return self.cluster

    def provide(self, _cluster: Cluster, images: Sequence[str]) -> None:
        self.images += images

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def judged(root: Path) -> Judged:
    return Judged(root, service_release(root, "archive-tagger", "staging"), {})


@pytest.fixture
def workload(judged: Judged) -> Workload:
    return read_workload(judged.rendered)


@pytest.fixture
def ground(cluster: Cluster, api: FakeApi) -> Ground:
    api.objects[f"{NAMESPACES}/kube-system"] = {"metadata": {"name": "kube-system", "uid": "u-1"}}
    return Ground(cluster)


@pytest.fixture
def installs(judged: Judged, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What Helm renders when it installs: by default what was judged, in the other namespace. Tests change the list."""
    objects: list[dict[str, Any]] = [thaw(item) for item in judged.rendered.objects]

    def install(
        cluster: Cluster, namespace: str, _root: Path, service: str, environment: str, *, overrides: Mapping[str, Any]
    ) -> Installed:
        assert (service, environment, overrides) == (
            "archive-tagger",
            "staging",
            {"metrics": {"environment": namespace}},
        )
        return Installed(cluster, namespace, service, 1, renamed_back(objects, environment, namespace))

    def renamed_back(items: list[dict[str, Any]], environment: str, namespace: str) -> tuple[Mapping[str, Any], ...]:
        for item in items:
            item["metadata"]["namespace"] = namespace
        return tuple(items)

    monkeypatch.setattr(release_module, "install_service", install)
    return objects


@pytest.fixture
def target(ground: Ground, judged: Judged, installs: list[dict[str, Any]], tmp_path: Path) -> ClusterTarget:
    return ClusterTarget(ground, judged, tmp_path / "pods")  # type: ignore[arg-type]


def test_it_installs_in_a_namespace_of_its_own_and_removes_it(
    target: ClusterTarget, workload: Workload, api: FakeApi, ground: Ground
) -> None:
    target.start(workload)
    (name,) = api.namespaces
    assert name.startswith("gate-archive-tagger-staging-")
    assert ground.images == ["reference-service:0.1.0"]
    labels = {"app.kubernetes.io/name": "archive-tagger", "app.kubernetes.io/instance": "archive-tagger"}
    api.objects[f"{NAMESPACES}/{name}/pods/demo-1"] = pod(labels=labels)
    assert (target.kind, target.identity) == ("cluster", "u-1")
    assert [state.name for state in target.pods()] == ["demo-1"]
    target.stop()
    target.stop()
    assert not api.namespaces
    assert ground.closed == 2


def test_it_is_empty_before_it_starts_and_can_be_stopped_then(
    target: ClusterTarget, api: FakeApi, ground: Ground
) -> None:
    assert (target.pods(), target.logs(), target.environments(), target.memory(), target.metrics()) == ((),) * 5
    assert (target.cpu(), target.scrape_targets(), target.rules(), target.connections()) == ((),) * 4
    assert (target.addresses(), target.identity) == ({}, "")
    assert isinstance(target, ShowsCluster)
    target.stop()
    assert not api.asked
    assert (ground.opened, ground.closed) == (0, 1)


def test_a_cluster_that_is_not_to_be_had_is_told(target: ClusterTarget, workload: Workload, ground: Ground) -> None:
    ground.fault = ClusterError("No cluster today: come again tomorrow.")
    with pytest.raises(TargetError, match="No cluster today"):
        target.start(workload)
    target.stop()
    assert ground.closed == 1


def deployment(objects: list[dict[str, Any]]) -> dict[str, Any]:
    (found,) = [item for item in objects if item["kind"] == "Deployment"]
    return found


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda objects: objects.pop(0), "NetworkPolicy archive-tagger is missing"),
        (lambda objects: objects.append({"kind": "Job", "metadata": {"name": "x"}}), "Job x is there too"),
        (lambda objects: deployment(objects)["spec"].update(replicas=7), "Deployment archive-tagger differs"),
    ],
)
def test_other_objects_than_were_judged_do_not_run(
    change: Any, says: str, installs: list[dict[str, Any]], target: ClusterTarget, workload: Workload, api: FakeApi
) -> None:
    change(installs)
    with pytest.raises(TargetError, match=f"What Helm installs in the cluster is not what was judged: {says}"):
        target.start(workload)
    target.stop()
    assert not api.namespaces


@pytest.mark.parametrize(
    ("error", "told"), [(RenderError("the webhook says no"), TargetError), (KeyboardInterrupt(), KeyboardInterrupt)]
)
def test_whatever_ends_the_installation_the_namespace_goes(
    error: BaseException,
    told: type[BaseException],
    target: ClusterTarget,
    workload: Workload,
    api: FakeApi,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **__: object) -> None:
        assert api.namespaces
        raise error

    monkeypatch.setattr(release_module, "install_service", fail)
    with pytest.raises(told):
        target.start(workload)
    target.stop()
    assert not api.namespaces


def test_a_namespace_that_cannot_be_deleted_is_told_and_the_place_is_closed(
    target: ClusterTarget, workload: Workload, api: FakeApi, ground: Ground
) -> None:
    target.start(workload)
    api.refuses[f"DELETE {NAMESPACES}/{api.namespaces[0]}"] = 500
    with pytest.raises(TargetError, match="did not let the gate delete the namespace"):
        target.stop()
    assert ground.closed == 1
