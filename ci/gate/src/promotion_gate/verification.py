"""From a service and an environment to a verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chart_harness.fleet import service_release
from promotion_gate import checks
from promotion_gate.checkout import commit_of
from promotion_gate.checks import Check
from promotion_gate.checks.check import Subject
from promotion_gate.contract import Contract, contract_for
from promotion_gate.evidence import Evidence, Missing
from promotion_gate.gathering import Patience, gather
from promotion_gate.manifests import Judged, manifests_digest
from promotion_gate.measurements import Measurements, measurements, medians
from promotion_gate.plan import Plan, load_plan
from promotion_gate.policy import Policy
from promotion_gate.progress import Progress
from promotion_gate.sources import chart_digest, set_values
from promotion_gate.targets import Target
from promotion_gate.verdict import (
    SCHEMA_VERSION,
    BaselineRecord,
    Override,
    PolicyRecord,
    ReleaseRecord,
    TargetRecord,
    Verdict,
    WindowRecord,
)
from promotion_gate.workload import Workload, read_workload


@dataclass(frozen=True)
class Candidate:
    """A release to judge, rendered and read, and the rules it is judged by."""

    release: ReleaseRecord
    judged: Judged
    workload: Workload
    contract: Contract
    plan: Plan
    policy: Policy
    policy_record: PolicyRecord
    baseline: Verdict | None = None
    """Of the release that was promoted last; None if none was."""
    overrides: tuple[Override, ...] = ()
    """Those of this release, expired or not."""


def prepare(
    root: Path,
    service: str,
    environment: str,
    policy: tuple[Policy, str],
    overrides: Mapping[str, Any] | None = None,
    said: Sequence[str] = (),
) -> Candidate:
    """Renders the service's chart for the environment and reads what it promises.

    `policy` is the policy and its file's digest; `overrides` are values on top of the files, `said` the same as the user wrote them.
    Raises RenderError, FleetError, PlanError or WorkloadError, each one sentence.
    """
    rules, digest = policy
    rendered = service_release(root, service, environment, overrides=overrides or {})
    workload = read_workload(rendered)
    plan = load_plan(root / "charts" / "services" / service / "gate.yaml")
    commit, changed = commit_of(root)
    record = ReleaseRecord(
        service=service,
        environment=environment,
        role=workload.role,
        image=workload.image,
        manifests_sha256=manifests_digest(rendered.objects),
        chart_sha256=chart_digest(root, service),
        values=set_values(root, service, environment, rules.promotion.keys),
        commit=commit,
        uncommitted_changes=changed,
        set_values=tuple(said),
    )
    return Candidate(
        release=record,
        judged=Judged(root, rendered, overrides or {}),
        workload=workload,
        contract=contract_for(workload, plan),
        plan=plan,
        policy=rules,
        policy_record=PolicyRecord(version=rules.version, sha256=digest),
    )


def assess(
    candidate: Candidate,
    evidence: Evidence,
    target: Target,
    started_at: datetime,
    run: Sequence[Check] = checks.ALL,
) -> Verdict:
    """Judges the evidence by the policy's inventory for such a place. Of the checks in it only those of `run` are there to be run."""
    required = candidate.policy.required(target.kind, candidate.workload, baseline=candidate.baseline is not None)
    comparable = _comparable(candidate.baseline, target)
    subject = Subject(
        candidate.workload,
        candidate.contract,
        evidence,
        comparable,
        candidate.policy.regression,
    )
    by_id = {check.id: check for check in run}
    pods, window, baseline = evidence.pods, evidence.window, candidate.baseline
    digests = () if isinstance(pods, Missing) else sorted({pod.image_digest for pod in pods} - {""})
    finished_at = datetime.now(UTC)
    return Verdict(
        schema_version=SCHEMA_VERSION,
        release=candidate.release.model_copy(update={"image_digests": tuple(digests)}),
        target=TargetRecord(
            name=target.name,
            kind=target.kind,
            identity=target.identity,
            fit_for_promotion=target.fit_for_promotion,
            note=target.note,
        ),
        policy=candidate.policy_record,
        started_at=started_at,
        finished_at=finished_at,
        window=None
        if isinstance(window, Missing)
        else WindowRecord(began_at=window.began, seconds=window.seconds, interruptions=window.interruptions),
        required_checks=tuple(required),
        checks=tuple(by_id[check].run(subject, needs) for check, needs in required.items() if check in by_id),
        measurements=measurements(evidence, candidate.workload.memory_limit),
        baseline=None
        if baseline is None
        else BaselineRecord(
            commit=baseline.release.commit,
            finished_at=baseline.finished_at,
            manifests_sha256=baseline.release.manifests_sha256,
            target_identity=baseline.target.identity,
            medians={} if isinstance(comparable, Missing) else medians(comparable),
        ),
        overrides=tuple(o for o in candidate.overrides if o.given_at <= finished_at < o.expires_at),
    )


def _comparable(baseline: Verdict | None, target: Target) -> Measurements | Missing:
    """What the earlier release measured, if it was in this very place: figures of two clusters say nothing of two releases."""
    if baseline is None:
        return Missing("no release was promoted before")
    if not target.identity or baseline.target.identity != target.identity:
        return Missing(
            f"the release that was promoted last was measured on {baseline.target.name} ({baseline.target.identity or 'of no identity'}), "
            f"not on {target.name} ({target.identity or 'of no identity'})"
        )
    return baseline.measurements


@dataclass(frozen=True)
class Verification:
    """How to verify; `run` leaves checks out only in tests, and then the verdict is INCONCLUSIVE at best."""

    patience: Patience = field(default_factory=Patience)
    run: Sequence[Check] = checks.ALL

    def verify(self, candidate: Candidate, target: Target, progress: Progress) -> Verdict:
        """Runs the candidate on the target and judges it; the target is stopped whatever happens. Raises TargetError."""
        started_at = datetime.now(UTC)
        try:
            evidence = gather(candidate.workload, candidate.contract, candidate.plan, target, self.patience, progress)
        finally:
            progress.stage("stopping what was started")
            target.stop()
        return assess(candidate, evidence, target, started_at, self.run)


def with_history(candidate: Candidate, baseline: Verdict | None, overrides: Sequence[Override]) -> Candidate:
    """The candidate with what is on record of its service: the release promoted last, and the overrides given."""
    release = candidate.release
    mine = tuple(o for o in overrides if (o.service, o.environment) == (release.service, release.environment))
    return replace(candidate, baseline=baseline, overrides=mine)
