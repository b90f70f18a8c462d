"""How a release stands: signed verdicts held against what the checkout has now. Pure; `admission` judges, this says what it comes to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from promotion_gate.admission import (
    Admission,
    Claim,
    Refusal,
    assess_admission,
    compared_with,
    required_of,
    said_of,
)
from promotion_gate.fleet.document import Standing, VerdictStatus
from promotion_gate.policy import Policy
from promotion_gate.verdict import Override, PolicyRecord, Verdict
from promotion_gate.workload import Workload

_CHANGED = {"chart": "chart changed since", "manifests": "manifests changed since", "values": "values changed since"}
_IN_SHORT = _CHANGED | {
    "policy": "policy changed since",
    "checks": "other checks are required now",
    "baseline": "compared with another release than the one promoted last",
    "service": "about another service",
    "environment": "about another environment",
    "clock": "from the future",
    "age": "too old",
}
_WEIGHT = ("check", "override", "outcome", "fitness", *_IN_SHORT)
"""The weightiest first: what somebody has to mend before what a new verification would cure by itself."""


@dataclass(frozen=True)
class Current:
    """What the checkout has of a service in an environment now."""

    service: str
    environment: str
    manifests_sha256: str
    chart_sha256: str
    values: Mapping[str, Any]
    """What the policy's keys are set to."""
    workload: Workload


@dataclass(frozen=True)
class Signed:
    """A signed verdict's file, opened or not."""

    path: str
    sha256: str
    verdict: Verdict | None
    fault: str = ""
    """Why it cannot be believed; empty if it is opened."""


@dataclass(frozen=True)
class Rules:
    """By what it is judged, and when."""

    policy: Policy
    record: PolicyRecord
    overrides: Sequence[Override]
    now: datetime


@dataclass(frozen=True)
class Decided:
    """What it comes to: the deciding verdict, or none, and why."""

    standing: Standing
    reason: str
    verdict: VerdictStatus | None = None
    others: tuple[VerdictStatus, ...] = ()


def of_source(current: Current, stored: Signed | None, promotion: Signed | None, rules: Rules) -> Decided:
    """How staging stands: whether its newest verdict would be promoted now. `promotion` is that of the release promoted last."""
    if stored is None:
        return Decided(Standing.UNPROVED, "no verdict")
    if promotion is not None and promotion.verdict is None:  # less would be asked without it
        return Decided(Standing.BLOCKED, f"the release promoted last cannot be compared with: {promotion.fault}")
    status = _verified(current, stored, None if promotion is None else promotion.verdict, rules)
    return Decided(status.standing, _joined(status.reasons), status)


def of_destination(current: Current, promotion: Signed | None, stored: Signed | None, rules: Rules) -> Decided:
    """How production stands: by the verdict that it was promoted with, unless a run of its own, of what is there now, was no PASS."""
    own = None if stored is None else _verified(current, stored, None, rules)
    others = () if own is None else (own,)
    if stored is not None and own is not None and _contradicts(stored, own, current, rules):
        by = () if promotion is None else (_promoted(current, promotion, rules),)
        return Decided(Standing.BLOCKED, f"in {current.environment}: {_joined(own.reasons)}", own, by)
    if promotion is None:
        return Decided(Standing.UNPROVED, "no promotion on record", None, others)
    status = _promoted(current, promotion, rules)
    return Decided(status.standing, _joined(status.reasons), status, others)


def _joined(reasons: Iterable[str]) -> str:
    return "; ".join(reasons)


def _verified(current: Current, signed: Signed, promoted: Verdict | None, rules: Rules) -> VerdictStatus:
    """A run in the environment itself: it has to be about exactly what is there."""
    verdict = signed.verdict
    if verdict is None:
        return _unreadable("verification", signed)
    last = compared_with(verdict, promoted)
    claim = Claim(
        service=current.service,
        environment=current.environment,
        manifests_sha256=current.manifests_sha256,
        chart_sha256=current.chart_sha256,
        policy=rules.record,
        values=current.values,
        required_checks=required_of(verdict, rules.policy, current.workload, last),
        promoted=last,
    )
    return _status("verification", signed, verdict, _assessed(verdict, claim, rules))


def _promoted(current: Current, signed: Signed, rules: Rules) -> VerdictStatus:
    """The run in staging that production was promoted with: of production it says the chart and the policy's keys.

    Staging may have moved on, and so may the policy: neither takes back what was promoted.
    """
    verdict = signed.verdict
    if verdict is None:
        return _unreadable("promotion", signed)
    claim = Claim(
        service=current.service,
        environment=rules.policy.promotion.source,
        manifests_sha256=verdict.release.manifests_sha256,
        chart_sha256=current.chart_sha256,
        policy=verdict.policy or rules.record,
        values=current.values,
        required_checks=verdict.required_checks,
    )
    return _status("promotion", signed, verdict, _assessed(verdict, claim, rules))


def _contradicts(stored: Signed, own: VerdictStatus, current: Current, rules: Rules) -> bool:
    """Whether a run in production, of what is there now and not long ago, was no PASS; or cannot be believed."""
    verdict = stored.verdict
    if verdict is None:
        return False
    age_hours = (rules.now - verdict.finished_at).total_seconds() / 3600
    return (
        own.outcome != "PASS"
        and own.standing is Standing.BLOCKED
        and age_hours <= rules.policy.promotion.max_age_hours
        and (verdict.release.service, verdict.release.environment) == (current.service, current.environment)
        and verdict.release.manifests_sha256 == current.manifests_sha256
    )


def _assessed(verdict: Verdict, claim: Claim, rules: Rules) -> Admission:
    return assess_admission(verdict, claim, rules.policy.promotion, rules.now, rules.overrides)


_Kind = Literal["verification", "promotion"]


def _status(kind: _Kind, signed: Signed, verdict: Verdict, admission: Admission) -> VerdictStatus:
    standing, reasons = _standing(verdict, admission)
    return VerdictStatus(
        kind=kind,
        path=signed.path,
        standing=standing,
        reasons=reasons,
        outcome=verdict.outcome,
        target=verdict.target.name,
        finished_at=verdict.finished_at,
        commit=verdict.release.commit,
        sha256=signed.sha256,
    )


def _unreadable(kind: _Kind, signed: Signed) -> VerdictStatus:
    return VerdictStatus(
        kind=kind, path=signed.path, standing=Standing.BLOCKED, reasons=(signed.fault,), sha256=signed.sha256
    )


def _standing(verdict: Verdict, admission: Admission) -> tuple[Standing, tuple[str, ...]]:
    overridden = (f"overridden: {said_of(admission.overrides)}",) if admission.overrides else ()
    refusals = sorted(admission.refusals, key=_weight)
    reasons = (*dict.fromkeys(said for refusal in refusals for said in in_short(verdict, refusal)), *overridden)
    if {refusal.about for refusal in refusals} == {"age"}:
        return Standing.AGED, reasons
    if refusals:
        return Standing.BLOCKED, reasons
    return (Standing.OVERRIDDEN if overridden else Standing.PROVED), reasons


def _weight(refusal: Refusal) -> int:
    """What is not known here comes first: nobody shall overlook it."""
    return _WEIGHT.index(refusal.about) if refusal.about in _WEIGHT else -1


def in_short(verdict: Verdict, refusal: Refusal) -> tuple[str, ...]:
    """The refusal as clauses that fit into a table."""
    if refusal.about in _IN_SHORT:
        return (_IN_SHORT[refusal.about],)
    if refusal.about == "fitness":
        return verdict.unfit
    if refusal.about == "check":  # what to do about it is on the check's page
        return (refusal.sentence.partition(":")[0],)
    return (refusal.sentence.removesuffix("."),)
