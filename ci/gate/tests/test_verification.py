"""A whole verification against targets that fail in every way they can: never PASS, and always stopped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from ci.gate.tests.conftest import EVERYTHING, EVERYTHING_RECORD, JUDGED
from promotion_gate.checks.check import Subject
from promotion_gate.evidence import Evidence, Family, Missing, Traffic
from promotion_gate.gathering import Patience, gather
from promotion_gate.plan import Plan, Request
from promotion_gate.progress import Progress
from promotion_gate.targets import TargetError
from promotion_gate.targets.target import PlaceKind
from promotion_gate.verdict import Outcome, ReleaseRecord, Verdict
from promotion_gate.verification import Candidate, Verification
from promotion_gate.workload import Workload

SHOWS = ("pods", "logs", "environments", "memory", "metrics")


@dataclass
class ScriptedTarget:
    """Shows the evidence that it is given; a method named in `broken` raises instead."""

    evidence: Evidence
    broken: frozenset[str] = frozenset()
    name: str = "scripted"
    kind: PlaceKind = "cluster"
    identity: str = "here"
    fit_for_promotion: bool = True
    note: str = ""
    calls: list[str] = field(default_factory=list)
    listens: Mapping[str, str] = field(default_factory=dict)

    def start(self, workload: Workload) -> None:  # noqa: ARG002 - the target's signature
        self._show("start", None)

    def pods(self) -> Any:
        return self._show("pods", self.evidence.pods)

    def addresses(self) -> Mapping[str, str]:
        return self.listens

    def logs(self) -> Any:
        return self._show("logs", self.evidence.logs)

    def environments(self) -> Any:
        return self._show("environments", self.evidence.environments)

    def memory(self) -> Any:
        return self._show("memory", self.evidence.memory)

    def cpu(self) -> Any:
        return self._show("cpu", self.evidence.cpu)

    def metrics(self) -> Any:
        return self._show("metrics", self.evidence.pages)

    def scrape_targets(self) -> Any:
        return self.evidence.scrape_targets

    def rules(self) -> Any:
        return self.evidence.rules

    def connections(self) -> Any:
        return self.evidence.connections

    def stop(self) -> None:
        self.calls.append("stop")

    def _show(self, what: str, value: Any) -> Any:
        self.calls.append(what)
        if what in self.broken:
            raise RuntimeError(f"{what} broke")
        return value


Verify = Callable[..., Verdict]


@pytest.fixture
def verify() -> Verify:
    """Verifies a subject's release on a target, at once and without a terminal."""

    def run(subject: Subject, target: ScriptedTarget) -> Verdict:
        record = ReleaseRecord(
            service="demo",
            environment="staging",
            role=subject.workload.role,
            image=subject.workload.image,
            manifests_sha256="0" * 64,
            chart_sha256="0" * 64,
            commit="0" * 40,
        )
        candidate = Candidate(record, JUDGED, subject.workload, subject.contract, Plan(), EVERYTHING, EVERYTHING_RECORD)
        with Progress(Console(file=StringIO())) as progress:
            return Verification(Patience(ready=0, window=0, metrics=0)).verify(candidate, target, progress)

    return run


def test_good_evidence_passes_and_promotes(push: Subject, verify: Verify) -> None:
    """The control: what the other tests spoil is good."""
    target = ScriptedTarget(push.evidence)
    verdict = verify(push, target)
    assert verdict.outcome is Outcome.PASS, verdict
    assert verdict.promotes
    assert target.calls[-1] == "stop"


def test_a_target_that_returns_nothing_proves_nothing(push: Subject, verify: Verify) -> None:
    verdict = verify(push, ScriptedTarget(Evidence((), (), (), (), (), Missing("none"))))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert {record.finding.outcome for record in verdict.checks} == {Outcome.INCONCLUSIVE}


def test_a_push_from_the_start_is_not_the_last_word(push: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service pushes when it starts, with hardly any work to judge; the gate must wait for the next push."""
    pages = push.evidence.pages
    assert not isinstance(pages, Missing)
    early = [tuple(replace(page, families=tuple(_with_value(f, 1) for f in page.families)) for page in pages)] * 2
    target = ScriptedTarget(push.evidence)
    monkeypatch.setattr(target, "metrics", lambda: early.pop() if early else pages)
    with Progress(Console(file=StringIO())) as progress:
        seen = gather(push.workload, push.contract, Plan(), target, Patience(ready=0, window=0, metrics=30), progress)
    assert seen.pages == pages


def _with_value(family: Family, value: float) -> Family:
    return replace(family, samples=tuple(replace(sample, value=value) for sample in family.samples))


@pytest.mark.parametrize("what", SHOWS)
def test_a_target_that_breaks_costs_its_evidence_only(what: str, push: Subject, verify: Verify) -> None:
    target = ScriptedTarget(push.evidence, broken=frozenset({what}))
    verdict = verify(push, target)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert not verdict.missing_checks
    assert {record.id for record in verdict.checks} == set(verdict.required_checks)
    assert target.calls[-1] == "stop"
    assert any(f"{what} broke" in r.finding.summary or what == "pods" for r in verdict.checks), verdict


def test_pages_cut_in_half_prove_nothing(push: Subject, verify: Verify) -> None:
    assert not isinstance(push.evidence.pages, Missing)
    cut = tuple(replace(page, families=(), fault="the page is cut off") for page in push.evidence.pages)
    verdict = verify(push, ScriptedTarget(replace(push.evidence, pages=cut)))
    assert verdict.outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize("error", [TargetError("no room"), KeyboardInterrupt(), RuntimeError("a bug")])
def test_a_target_that_cannot_start_is_stopped_all_the_same(
    error: BaseException, push: Subject, verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = ScriptedTarget(push.evidence)

    def fail(workload: Workload) -> None:
        raise error

    monkeypatch.setattr(target, "start", fail)
    with pytest.raises(type(error)):
        verify(push, target)
    assert target.calls == ["stop"]


def test_only_ready_pods_get_requests(pull: Subject, serve: Callable[..., str], closed_port: int) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "0")
        request.end_headers()

    assert not isinstance(pull.evidence.pods, Missing)
    first, second = pull.evidence.pods
    evidence = replace(pull.evidence, pods=(first, replace(second, ready=False)))
    nobody = f"http://127.0.0.1:{closed_port}"
    target = ScriptedTarget(evidence, listens={first.name: serve(answer), second.name: nobody})
    plan = Plan(requests=(Request(path="/"),), requests_per_pod=3)
    with Progress(Console(file=StringIO())) as progress:
        seen = gather(pull.workload, pull.contract, plan, target, Patience(ready=0, window=0, metrics=0), progress)
    assert not isinstance(seen.traffic, Missing)
    assert replace(seen.traffic, latencies=()) == Traffic(sent=3, answered={200: 3})
