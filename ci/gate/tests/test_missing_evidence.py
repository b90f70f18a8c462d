"""Evidence that is missing, skipped or broken is never PASS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from ci.gate.tests.conftest import EVERYTHING, EVERYTHING_RECORD, JUDGED
from promotion_gate import checks
from promotion_gate.checks import Check
from promotion_gate.checks.check import Subject, conclude, observe, unproved
from promotion_gate.evidence import Evidence, Missing
from promotion_gate.measurements import Measurements
from promotion_gate.plan import Plan
from promotion_gate.policy import Requirement
from promotion_gate.targets import Target
from promotion_gate.verdict import Finding, Outcome, ReleaseRecord, Verdict
from promotion_gate.verification import Candidate, assess

PARTS = [part.name for part in fields(Evidence) if part.name != "moments"]
NEEDS = {
    "pods-ready": {"pods"},
    "restarts": {"pods"},
    "oom-kills": {"pods", "memory"},
    "memory": {"memory"},
    "error-logs": {"logs"},
    "server-errors": {"traffic", "pages"},
    "library-logs": {"logs"},
    "image": {"pods"},
    "environment": {"environments", "pods"},
    "metrics-contract": {"pages"},
    "worker-series": {"pages", "traffic"},
    "forbidden-labels": {"pages"},
    "series-budget": {"pages"},
    "backend-parity": {"pages"},
    "prometheus-target": {"scrape_targets", "pods"},
    "alerts-quiet": {"rules"},
    "network-reach": {"connections"},
    "latency-regression": {"traffic"},
    "memory-regression": {"memory"},
    "cpu-regression": {"cpu"},
}
"""The parts of an http-api's evidence without which a check proves nothing."""
DECIDED = {"prometheus-target": {"scrape_targets"}}
"""Parts of which to be shown nothing is not to be shown them: a pod that is no target of Prometheus' is a fault."""


WATCHED = Requirement(seconds=1)
"""So that no check's PASS counts without a window."""


def _all(value: object) -> Evidence:
    return Evidence(**cast("dict[str, Any]", dict.fromkeys(PARTS, value)))


class _Target:
    """What a verdict says of its target."""

    name, kind, identity, fit_for_promotion, note = "nowhere", "cluster", "here", True, ""


def _candidate(subject: Subject, baseline: Verdict | None) -> Candidate:
    release = ReleaseRecord(
        service="demo",
        environment="staging",
        role="http-api",
        image="x",
        manifests_sha256="0" * 64,
        chart_sha256="2" * 64,
        commit="1" * 40,
    )
    return Candidate(
        release, JUDGED, subject.workload, subject.contract, Plan(), EVERYTHING, EVERYTHING_RECORD, baseline
    )


def _verdict(subject: Subject, run: tuple[Check, ...] = checks.ALL, first: bool = False) -> Verdict:
    """Of a release whose forerunner measured what the fixtures' release does; or of the first one."""
    target, began = cast("Target", _Target()), datetime.now(UTC) - timedelta(seconds=1)
    assert isinstance(subject.baseline, Measurements)
    forerunner = assess(_candidate(subject, None), subject.evidence, target, began, ())
    forerunner = forerunner.model_copy(update={"measurements": subject.baseline})
    return assess(_candidate(subject, None if first else forerunner), subject.evidence, target, began, run)


COMPARISONS = {"latency-regression", "memory-regression", "cpu-regression"}
EXEMPT = {
    "pull": {"backend-parity"},
    "push": {"backend-parity", "prometheus-target", "server-errors", "latency-regression"},
    "shadow": set[str](),
}
"""The checks that do not apply to each subject."""


@pytest.mark.parametrize("first", [False, True], ids=["a release before", "the first release"])
@pytest.mark.parametrize("role", EXEMPT)
def test_good_evidence_passes(role: str, first: bool, subjects: Mapping[str, Subject]) -> None:
    verdict = _verdict(subjects[role], first=first)
    assert verdict.outcome is Outcome.PASS, [c for c in verdict.checks if c.finding.outcome is not Outcome.PASS]
    assert verdict.promotes
    exempt = EXEMPT[role] | (COMPARISONS if first else set())
    assert {record.id for record in verdict.checks} == {check.id for check in checks.ALL} - exempt


@pytest.mark.parametrize("nothing", [Missing("it rained"), ()], ids=["missing", "empty"])
@pytest.mark.parametrize("check", checks.ALL, ids=lambda check: check.id)
def test_no_evidence_at_all_is_inconclusive(check: Check, nothing: object, shadow: Subject) -> None:
    subject = replace(
        shadow, evidence=replace(_all(nothing), traffic=Missing("it rained"), window=Missing("it rained"))
    )
    finding = check.run(subject).finding
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert finding.remedy
    if isinstance(nothing, Missing):
        assert "it rained" in finding.summary
    assert _verdict(subject).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize("nothing", [Missing("it rained"), ()], ids=["missing", "empty"])
@pytest.mark.parametrize("part", PARTS)
def test_one_part_alone_missing_takes_the_pass_of_the_checks_that_need_it(
    part: str, nothing: object, shadow: Subject
) -> None:
    gone = Missing("it rained") if part in {"traffic", "window"} else nothing
    subject = replace(shadow, evidence=replace(shadow.evidence, **cast("dict[str, Any]", {part: gone})))
    outcomes = {check.id: check.run(subject, WATCHED).finding.outcome for check in checks.ALL}
    lacking = {check for check, outcome in outcomes.items() if outcome is not Outcome.PASS}
    needing = {check for check, parts in NEEDS.items() if part in parts or part == "window"}
    assert lacking == needing
    failed = {check for check in needing if gone == () and part in DECIDED.get(check, ())}
    assert {check for check in lacking if outcomes[check] is Outcome.FAIL} == failed
    if part != "window":  # which the policy of this verdict asks for nowhere
        assert _verdict(subject).outcome is (Outcome.FAIL if failed else Outcome.INCONCLUSIVE)


@pytest.mark.parametrize("check", sorted(COMPARISONS))
def test_nothing_to_compare_with_takes_the_pass_of_a_comparison(check: str, pull: Subject) -> None:
    subject = replace(pull, baseline=Missing("it rained"))
    (finding,) = (c.run(subject).finding for c in checks.ALL if c.id == check)
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert "it rained" in finding.summary


def test_the_table_of_needs_is_of_the_registry() -> None:
    assert NEEDS.keys() == {check.id for check in checks.ALL}


def _raises(_subject: Subject) -> Finding:
    raise ZeroDivisionError("oops")


@pytest.mark.parametrize("broken", checks.ALL, ids=lambda check: check.id)
@pytest.mark.parametrize(
    "assess_", [_raises, lambda _: None, lambda _: True, lambda _: "PASS"], ids=["raises", "None", "True", "a word"]
)
def test_a_broken_check_is_inconclusive(broken: Check, assess_: Any, shadow: Subject) -> None:
    run = tuple(replace(check, assess=assess_) if check is broken else check for check in checks.ALL)
    verdict = _verdict(shadow, run)
    (record,) = (record for record in verdict.checks if record.id == broken.id)
    assert record.finding.outcome is Outcome.INCONCLUSIVE
    assert "the check itself failed" in record.finding.summary
    assert broken.id in record.finding.remedy
    assert verdict.outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize("left_out", checks.ALL, ids=lambda check: check.id)
def test_a_check_that_is_left_out_is_inconclusive(left_out: Check, shadow: Subject) -> None:
    verdict = _verdict(shadow, tuple(check for check in checks.ALL if check is not left_out))
    assert verdict.missing_checks == (left_out.id,)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert not verdict.promotes


def test_no_check_at_all_is_inconclusive(pull: Subject) -> None:
    assert _verdict(pull, ()).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize("role", EXEMPT)
def test_a_release_of_no_replicas_proves_nothing(role: str, subjects: Mapping[str, Subject]) -> None:
    subject = subjects[role]
    none = replace(subject, workload=replace(subject.workload, replicas=0), evidence=_all(()))
    none = replace(none, evidence=replace(none.evidence, traffic=Missing("no pod"), window=Missing("no pod")))
    assert {check.run(none).finding.outcome for check in checks.ALL} == {Outcome.INCONCLUSIVE}


def test_a_conclusion_needs_observations() -> None:
    assert conclude([], good="good", bad="bad", remedy="do").outcome is Outcome.INCONCLUSIVE
    one, other = observe("a", 1, 1, ok=True), unproved("b", 0, 1)
    assert conclude([one], good="good", bad="bad", remedy="do").outcome is Outcome.PASS
    assert conclude([one, other], good="good", bad="bad", remedy="do").outcome is Outcome.INCONCLUSIVE
    failed = observe("c", 1, 2, ok=False)
    assert conclude([other, failed], good="good", bad="bad", remedy="do").outcome is Outcome.FAIL
