"""A deployment's ending: by the verdict, by the images that run, by what goes wrong; and that what is kept says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from chart_harness.clusters.cluster import Cluster, ClusterError
from chart_harness.render import Release
from ci.gate.tests.conftest import EVERYTHING, EVERYTHING_RECORD, PLAN
from ci.gate.tests.deployment.test_rollout import FakeHelm, said
from ci.gate.tests.signed_verdicts import verdict
from promotion_gate.admission import Admission
from promotion_gate.checks.check import Subject
from promotion_gate.deployment import deploying as module
from promotion_gate.deployment.deploying import Deploying, Done, Order
from promotion_gate.deployment.journal import Entry
from promotion_gate.deployment.permission import Permission
from promotion_gate.deployment.rollout import Before, UndoError
from promotion_gate.gathering import Patience
from promotion_gate.manifests import Judged
from promotion_gate.progress import Progress
from promotion_gate.targets.cluster.place import Place
from promotion_gate.targets.target import TargetError
from promotion_gate.verdict import Outcome, Verdict
from promotion_gate.verification import Candidate

PASS, FAIL, INCONCLUSIVE = verdict(), verdict("pods-ready+ restarts-"), verdict("pods-ready+ restarts?")
ORDER = ("install", "verify", "uninterruptible", "keep", "undo", "close")


@dataclass
class Play:
    """What happens, and what was done."""

    verdict: Verdict = PASS
    install_fault: BaseException | None = None
    verify_fault: BaseException | None = None
    undone: str = "rolled back"
    undo_fault: UndoError | None = None
    namespace: bool = True
    done: list[str] = field(default_factory=list)
    why: str = ""
    before: Before = field(default_factory=lambda: Before(said("2deployed")[0], 2))
    revision: int | None = 3
    entry: Entry = field(default_factory=lambda: Entry(2, 2, "a" * 64))
    noted: Entry | None = None
    stuck: ClusterError | None = None

    def install(self) -> None:
        assert self.noted == self.entry, "it must be on record before anything is changed"
        self.done.append("install")
        if self.install_fault:
            raise self.install_fault

    def undo(self) -> str:
        self.done.append("undo")
        if self.undo_fault:
            raise self.undo_fault
        return self.undone


@pytest.fixture
def play() -> Play:
    return Play()


@pytest.fixture
def deploy(play: Play, pull: Subject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Done]:
    """Runs a deployment of aaa-api in staging as `play` has it."""

    class Here(Place):
        def open(self) -> Cluster:
            return Cluster("fake", Path("/nowhere"), "fake")

        def close(self) -> None:
            play.done.append("close")

    class Namespaces:
        def __init__(self, _cluster: Cluster) -> None: ...

        def __enter__(self) -> Namespaces:
            return self

        def __exit__(self, *_: object) -> None: ...

        def get(self, _kind: object, _name: str) -> dict[str, Any] | None:
            return {} if play.namespace else None

    def verify(_self: Deploying) -> Verdict:
        play.done.append("verify")
        if play.verify_fault:
            raise play.verify_fault
        return play.verdict

    def keep(_release: object, _reports: Path, why: str) -> None:
        play.done.append("keep")
        play.why = why

    class Notes:
        def __init__(self, _cluster: Cluster, namespace: str, release: str) -> None:
            assert (namespace, release) == ("staging", "aaa-api")
            self.namespace, self.name = namespace, f"gate-deploy-{release}"

        def __enter__(self) -> Notes:
            return self

        def __exit__(self, *_: object) -> None: ...

        def read(self) -> Entry | None:
            return play.noted

        def begin(self, entry: Entry) -> None:
            play.noted = entry

        def end(self) -> None:
            if play.stuck:
                raise play.stuck
            play.noted = None

    def create(_cluster: Cluster, what: str, *_: object, **__: object) -> None:
        play.done.append(what)

    monkeypatch.setattr(module, "Objects", Namespaces)
    monkeypatch.setattr(module, "ask", create)
    monkeypatch.setattr(module, "Journal", Notes)
    monkeypatch.setattr(module, "HelmRelease", lambda *_: FakeHelm(said("2superseded 3deployed")))
    monkeypatch.setattr(module, "Rollout", lambda *_: play)
    monkeypatch.setattr(module, "keep_failed", keep)
    monkeypatch.setattr(Deploying, "_verify", verify)
    place = Here("context:x", fit_for_promotion=False, note="", provider=None, provide=lambda *_: None)  # type: ignore[arg-type]
    judged = Judged(Path(), Release("aaa-api", "staging", Path(), ()), {})
    candidate = Candidate(PASS.release, judged, pull.workload, pull.contract, PLAN, EVERYTHING, EVERYTHING_RECORD)

    def run(**options: Any) -> Done:
        order = replace(Order(candidate, place, tmp_path, Patience()), **options)
        with Progress(Console(quiet=True)) as progress:
            return Deploying(order, progress, lambda: play.done.append("uninterruptible")).run()

    return run


@pytest.mark.parametrize(
    ("one", "keep", "outcome", "ending"),
    [
        (PASS, False, Outcome.PASS, "deployed"),
        (FAIL, False, Outcome.FAIL, "rolled back"),
        (FAIL, True, Outcome.FAIL, "rolled back"),
        (INCONCLUSIVE, False, Outcome.INCONCLUSIVE, "rolled back"),
        (INCONCLUSIVE, True, Outcome.INCONCLUSIVE, "kept, though not proved"),
    ],
)
def test_the_verdict_decides(
    one: Verdict, keep: bool, outcome: Outcome, ending: str, play: Play, deploy: Callable[..., Done]
) -> None:
    play.verdict = one
    done = deploy(keep_inconclusive=keep)
    assert (done.outcome, done.record.ending, done.verdict) == (outcome, ending, one)
    back = ending == "rolled back"
    assert play.done == [step for step in ORDER if back or step in {"install", "verify", "close"}]
    assert (done.record.revision_before, done.record.revision, done.record.outcome) == (2, 3, str(one.outcome))
    assert ("restarts" in play.why) is back
    assert play.noted is None


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize(
    "fault", [ClusterError("Pod demo-1: CrashLoopBackOff."), TargetError("What Helm installed is not what was judged.")]
)
def test_a_rollout_that_fails_is_a_failure(
    fault: Exception, keep: bool, play: Play, deploy: Callable[..., Done]
) -> None:
    play.install_fault = fault
    done = deploy(keep_inconclusive=keep)
    assert (done.outcome, done.verdict, done.record.ending) == (Outcome.FAIL, None, "rolled back")
    assert done.record.why == play.why == str(fault)
    assert done.record.history == (
        "2 superseded demo-0.1.0 2026-11-26T10:00:00Z described",
        "3 deployed demo-0.1.0 2026-11-26T10:00:00Z described",
    )


@pytest.mark.parametrize("undone", ["rolled back", "uninstalled", "nothing had changed"])
def test_what_a_killed_deployment_has_left_is_told_and_on_record_until_it_is_gone(
    undone: str, play: Play, deploy: Callable[..., Done]
) -> None:
    play.before, play.undone, play.verify_fault = (
        Before(said("2superseded")[0], 3, unproved=3),
        undone,
        KeyboardInterrupt(),
    )
    done = deploy()
    assert "Revision 3 was left by a deployment that was killed" in play.why
    assert "revision 2 is what is put back" in done.record.why
    assert play.noted == (play.entry if undone == "nothing had changed" else None)


def test_an_entry_that_cannot_be_removed_does_not_undo_a_proof(play: Play, deploy: Callable[..., Done]) -> None:
    play.stuck = ClusterError("The cluster does not answer.")
    done = deploy()
    assert (done.outcome, done.record.ending) == (Outcome.PASS, "deployed")
    assert "The cluster does not answer. Until it is gone" in done.record.why
    assert "kubectl delete configmap gate-deploy-aaa-api --namespace staging" in done.record.why


def test_where_nothing_had_changed_it_could_not_run(play: Play, deploy: Callable[..., Done]) -> None:
    play.install_fault, play.undone = ClusterError("The cluster refuses."), "nothing had changed"
    with pytest.raises(ClusterError, match="refuses"):
        deploy()


@pytest.mark.parametrize("at", ["install_fault", "verify_fault"])
@pytest.mark.parametrize("undone", ["rolled back", "uninstalled", "nothing had changed"])
def test_an_interrupt_takes_back_whatever_was_begun(
    at: str, undone: str, play: Play, deploy: Callable[..., Done]
) -> None:
    setattr(play, at, KeyboardInterrupt())
    play.undone = undone
    done = deploy()
    assert (done.interrupted, done.record.ending) == (True, undone)
    assert play.done.index("uninterruptible") < play.done.index("undo")


def test_a_bug_takes_back_too_and_is_not_hidden(play: Play, deploy: Callable[..., Done]) -> None:
    play.verify_fault = ZeroDivisionError("a bug")
    with pytest.raises(ZeroDivisionError):
        deploy()
    assert "undo" in play.done


def test_a_way_back_that_fails_is_on_record(play: Play, deploy: Callable[..., Done], tmp_path: Path) -> None:
    play.verdict, play.undo_fault = FAIL, UndoError("It could not be put back. Do this by hand: helm rollback.")
    with pytest.raises(UndoError):
        deploy()
    record = json.loads((tmp_path / "deployment.json").read_text())
    assert record["ending"] == "not put back"
    assert "restarts" in record["why"]
    assert "Do this by hand" in record["why"]
    assert play.noted == play.entry, "what is there is not proved"
    assert play.done[-1] == "close"


def test_an_image_that_was_not_proved_goes_back_however_good_it_looks(play: Play, deploy: Callable[..., Done]) -> None:
    proved = verdict(release={"image_digests": (f"sha256:{'e' * 64}",)})
    done = deploy(permission=Permission(proved, Path("promotion.dsse.json"), Admission((), ())))
    assert (done.outcome, done.record.ending) == (Outcome.FAIL, "rolled back")
    assert "runs, which the verdict of staging is not about" in done.record.why
    assert done.record.permitted_by == "promotion.dsse.json: admitted"
    assert deploy(permission=Permission(PASS, Path("x"), Admission((), ()))).record.ending == "deployed"


def test_a_namespace_is_made_only_if_one_says_so(play: Play, deploy: Callable[..., Done]) -> None:
    play.namespace = False
    with pytest.raises(TargetError, match="There is no namespace staging in context:x"):
        deploy()
    assert play.done == ["close"]
    assert deploy(create_namespace=True).record.ending == "deployed"
    assert "create the namespace staging" in play.done
