"""An upgrade that can be taken back, however far it came: Helm's history says how far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from chart_harness.clusters.cluster import Cluster, ClusterError
from chart_harness.clusters.complaints import Complaint
from chart_harness.clusters.install import Installed
from chart_harness.clusters.waits import WaitTimeout, WorkloadFailed
from chart_harness.errors import RenderError
from chart_harness.helm import HelmError
from chart_harness.render import Release
from promotion_gate.deployment import rollout as module
from promotion_gate.deployment.helm_release import HelmRelease, Revision, revisions, serving
from promotion_gate.deployment.journal import Entry
from promotion_gate.deployment.rollout import Rollout, UndoError, look_before
from promotion_gate.manifests import Judged, manifests_digest
from promotion_gate.targets.target import TargetError

OBJECTS: tuple[Mapping[str, Any], ...] = ({"kind": "Deployment", "metadata": {"name": "demo"}, "spec": {"n": 2}},)
OLD: tuple[Mapping[str, Any], ...] = ({"kind": "Deployment", "metadata": {"name": "demo"}, "spec": {"n": 1}},)
JUDGED = Judged(Path(), Release("demo", "staging", Path("demo"), OBJECTS), {})


def revision(number: int, status: str) -> Revision:
    return Revision(number, status, "demo-0.1.0", "described", "2026-11-26T10:00:00Z")


def said(text: str) -> list[Revision]:
    """From `1superseded 2deployed`."""
    return [revision(int(word[0]), word[1:]) for word in text.split()]


@dataclass
class FakeHelm:
    """Helm's history of one release, and what was done to it."""

    past: list[Revision] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    fault: str = ""
    namespace: str = "staging"
    name: str = "demo"
    cluster: Cluster = field(default_factory=lambda: Cluster("fake", Path("/nowhere"), "fake"))

    def history(self) -> tuple[Revision, ...]:
        return tuple(self.past)

    def objects(self, _number: int | None = None) -> tuple[Mapping[str, Any], ...]:
        return OLD

    def roll_back(self, number: int) -> None:
        self._do(f"rollback {number}")

    def uninstall(self) -> None:
        self._do("uninstall")
        self.past.clear()

    def _do(self, what: str) -> None:
        if self.fault:
            raise HelmError(self.fault)
        self.done.append(what)


@dataclass
class Ground:
    """A cluster in which what Helm installs, and what becomes of it, is what a test says."""

    helm: FakeHelm
    installs: list[Revision] = field(default_factory=list)
    objects: tuple[Mapping[str, Any], ...] = OBJECTS
    fault: BaseException | None = None
    unready: list[BaseException] = field(default_factory=list)
    awaited: list[tuple[str, ...]] = field(default_factory=list)


@pytest.fixture
def ground(monkeypatch: pytest.MonkeyPatch) -> Ground:
    found = Ground(FakeHelm(said("1superseded 2deployed")), said("3deployed"))

    def install_service(
        cluster: Cluster, namespace: str, _root: Path, service: str, environment: str, *, overrides: Mapping[str, Any]
    ) -> Installed:
        assert (namespace, service, environment, overrides) == ("staging", "demo", "staging", {})
        found.helm.past += found.installs
        if found.fault:
            raise found.fault
        return Installed(cluster, namespace, service, found.installs[-1].number, found.objects)

    def until_ready(release: Installed, *, deadline: float) -> None:
        assert deadline == 7
        found.awaited.append(release.deployments)
        if found.unready:
            raise found.unready.pop(0)

    monkeypatch.setattr(module, "install_service", install_service)
    monkeypatch.setattr(module, "until_ready", until_ready)
    monkeypatch.setattr(module, "pods", lambda *_: [])
    return found


def a_rollout(ground: Ground) -> Rollout:
    return Rollout(ground.helm, JUDGED, 7)  # type: ignore[arg-type]


def test_what_is_installed_and_ready_is_a_revision(ground: Ground) -> None:
    rollout = a_rollout(ground)
    assert (rollout.before.serving, rollout.before.newest) == (revision(2, "deployed"), 2)
    rollout.install()
    assert rollout.revision == 3
    assert ground.awaited == [("demo",)]
    assert not ground.helm.done


CRASHES = WorkloadFailed(Complaint("Pod", "demo-1", "CrashLoopBackOff"))


@pytest.mark.parametrize(
    ("before", "installs", "fault", "undone", "done"),
    [
        # the pods do not become ready
        ("1superseded 2deployed", "3deployed", None, "rolled back", ["rollback 2"]),
        ("", "1deployed", None, "uninstalled", ["uninstall"]),
        # Helm or the cluster refuses, before it has changed anything or after
        ("1superseded 2deployed", "", RenderError("no"), "nothing had changed", []),
        ("1superseded 2deployed", "3failed", RenderError("no"), "rolled back", ["rollback 2"]),
        ("1superseded 2deployed 3failed", "4failed", RenderError("no"), "rolled back", ["rollback 2"]),
        ("1failed", "2failed", RenderError("no"), "uninstalled", ["uninstall"]),
        # an interrupt kills Helm at its work
        ("1superseded 2deployed", "3pending-upgrade", KeyboardInterrupt(), "rolled back", ["rollback 2"]),
        ("", "1pending-install", KeyboardInterrupt(), "uninstalled", ["uninstall"]),
        ("", "", KeyboardInterrupt(), "nothing had changed", []),
    ],
)
def test_however_it_ends_what_was_before_comes_back(
    before: str, installs: str, fault: BaseException | None, undone: str, done: list[str], ground: Ground
) -> None:
    ground.helm.past, ground.installs, ground.fault = said(before), said(installs), fault
    ground.unready = [] if fault else [CRASHES]
    rollout = a_rollout(ground)
    with pytest.raises(type(fault or CRASHES)):
        rollout.install()
    ground.awaited.clear()
    assert rollout.undo() == undone
    assert ground.helm.done == done
    assert bool(ground.awaited) == (undone == "rolled back"), "the one before must serve again"


def test_what_helm_installs_must_be_what_was_judged(ground: Ground) -> None:
    ground.objects = OLD
    rollout = a_rollout(ground)
    with pytest.raises(TargetError, match="What Helm installed is not what was judged: Deployment demo differs"):
        rollout.install()
    assert rollout.revision == 3
    assert rollout.undo() == "rolled back"


@pytest.mark.parametrize("installed", [True, False])
def test_what_somebody_else_deployed_meanwhile_is_left_alone(installed: bool, ground: Ground) -> None:
    ground.fault = None if installed else KeyboardInterrupt()
    rollout = a_rollout(ground)
    if installed:
        rollout.install()
    else:
        with pytest.raises(KeyboardInterrupt):
            rollout.install()
    ground.helm.past.append(revision(4, "deployed"))
    with pytest.raises(UndoError, match="Somebody else made revision 4 of demo in staging"):
        rollout.undo()
    assert not ground.helm.done


@pytest.mark.parametrize(
    ("fault", "unready", "why"),
    [
        ("the server is gone", None, "the server is gone"),
        ("", WaitTimeout("Waited 7 s for demo."), "Waited 7 s for demo"),
        ("", ClusterError("Cluster fake does not answer."), "Cluster fake does not answer"),
    ],
)
def test_a_way_back_that_fails_says_what_is_there_and_what_to_do(
    fault: str, unready: ClusterError | None, why: str, ground: Ground
) -> None:
    rollout = a_rollout(ground)
    rollout.install()
    ground.helm.fault, ground.unready = fault, [unready] if unready else []
    with pytest.raises(UndoError) as told:
        rollout.undo()
    sentence = str(told.value)
    assert f"demo could not be put back: {why}. " in sentence
    assert "revision 1 superseded, revision 2 deployed, revision 3 deployed; 0 of 0 pods Ready" in sentence
    assert "Do this by hand: helm rollback demo 2 --namespace staging" in sentence


def test_a_first_release_that_cannot_be_removed_says_so_too(ground: Ground) -> None:
    ground.helm.past, ground.installs = [], said("1deployed")
    rollout = a_rollout(ground)
    rollout.install()
    ground.helm.fault = "no"
    with pytest.raises(UndoError, match="Do this by hand: helm uninstall demo --namespace staging"):
        rollout.undo()


UNFINISHED = Entry(2, 2, manifests_digest(OLD))
"""Of a deployment that was killed, after revision 2, with what FakeHelm has for objects."""


@pytest.mark.parametrize(
    ("history", "unfinished", "back", "unproved"),
    [
        ("1superseded 2superseded 3deployed", UNFINISHED, 2, 3),
        ("1deployed", Entry(None, 0, manifests_digest(OLD)), None, 1),
        # that of another one that was killed before it
        ("1superseded 2superseded 3superseded 4deployed", Entry(2, 3, manifests_digest(OLD)), 2, 4),
        ("1superseded 2deployed", UNFINISHED, 2, None),  # it was killed before it had changed anything
        ("1superseded 2superseded 3deployed", Entry(2, 2, manifests_digest(OBJECTS)), 3, None),  # somebody else's
        ("1superseded 2superseded 3superseded 4deployed", UNFINISHED, 4, None),  # somebody has seen to it since
        ("", UNFINISHED, None, None),  # it was uninstalled
    ],
)
def test_what_a_killed_deployment_has_left_is_not_what_is_put_back(
    history: str, unfinished: Entry, back: int | None, unproved: int | None, ground: Ground
) -> None:
    ground.helm.past = said(history)
    newest = len(ground.helm.past)
    rollout = Rollout(ground.helm, JUDGED, 7, unfinished)  # type: ignore[arg-type]
    before = rollout.before
    assert (before.serving.number if before.serving else None, before.newest, before.unproved) == (
        back,
        newest,
        unproved,
    )
    assert rollout.entry == Entry(back, newest, manifests_digest(OBJECTS))
    ground.installs = [revision(newest + 1, "deployed")]
    rollout.install()
    assert rollout.undo() == ("rolled back" if back else "uninstalled")
    assert ground.helm.done == [f"rollback {back}" if back else "uninstall"]


def test_the_cure_for_a_helm_that_was_killed_too_knows_what_was_proved() -> None:
    helm = FakeHelm(said("1superseded 2superseded 3deployed 4pending-upgrade"))
    with pytest.raises(TargetError, match="run helm rollback demo 2 --namespace staging"):
        look_before(helm, Entry(2, 3, manifests_digest(OLD)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("history", "cure"),
    [
        ("1superseded 2deployed 3pending-upgrade", "helm rollback demo 2 --namespace staging"),
        ("1deployed 2pending-rollback", "helm rollback demo 1 --namespace staging"),
        ("1pending-install", "helm uninstall demo --namespace staging"),
    ],
)
def test_a_release_that_somebody_is_at_work_on_is_not_touched(history: str, cure: str) -> None:
    helm = FakeHelm(said(history))
    with pytest.raises(TargetError, match=cure):
        look_before(helm)  # type: ignore[arg-type]
    assert not helm.done


@pytest.mark.parametrize(
    ("history", "number"),
    [("", None), ("1deployed", 1), ("1superseded 2deployed", 2), ("1deployed 2failed", 1), ("1failed", None)],
)
def test_the_revision_that_serves_is_the_last_that_came_whole(history: str, number: int | None) -> None:
    found = serving(said(history))
    assert (found.number if found else None) == number


def test_helms_history_is_read_in_the_order_of_its_numbers() -> None:
    document = [
        {"revision": 2, "updated": "u", "status": "deployed", "chart": "demo-0.1.0", "description": "Upgrade complete"},
        {"revision": 1, "status": "superseded"},
    ]
    assert revisions(document) == (
        Revision(1, "superseded", "", "", ""),
        Revision(2, "deployed", "demo-0.1.0", "Upgrade complete", "u"),
    )


class Refusing:
    """Stands for a helm that fails with these words."""

    def __init__(self, words: str) -> None:
        self.words = words

    def run(self, _arguments: list[str]) -> str:
        raise HelmError(self.words)


def test_a_release_that_there_is_not_has_no_history() -> None:
    cluster = Cluster("fake", Path("/nowhere"), "fake")
    none = HelmRelease(cluster, "staging", "demo", Refusing("Error: release: not found"))  # type: ignore[arg-type]
    assert (none.history(), none.objects()) == ((), ())
    gone = HelmRelease(cluster, "staging", "demo", Refusing("Error: cluster unreachable"))  # type: ignore[arg-type]
    for ask in (gone.history, gone.objects, gone.uninstall):
        with pytest.raises(HelmError, match="unreachable"):
            ask()
