"""From a service and an environment to a verdict."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chart_harness.fleet import service_release
from promotion_gate import checks
from promotion_gate.checks import Check
from promotion_gate.checks.check import Subject
from promotion_gate.contract import Contract, contract_for
from promotion_gate.evidence import Evidence
from promotion_gate.gathering import Patience, gather
from promotion_gate.manifests import Judged, manifests_digest
from promotion_gate.plan import Plan, load_plan
from promotion_gate.progress import Progress
from promotion_gate.targets import Target
from promotion_gate.verdict import SCHEMA_VERSION, ReleaseRecord, TargetRecord, Verdict
from promotion_gate.workload import Workload, read_workload


@dataclass(frozen=True)
class Candidate:
    """A release to judge, rendered and read."""

    release: ReleaseRecord
    judged: Judged
    workload: Workload
    contract: Contract
    plan: Plan


def prepare(root: Path, service: str, environment: str, overrides: Mapping[str, Any], said: Sequence[str]) -> Candidate:
    """Renders the service's chart for the environment and reads what it promises.

    `overrides` are values on top of the files, `said` the same as the user wrote them.
    Raises RenderError, FleetError, PlanError or WorkloadError, each one sentence.
    """
    rendered = service_release(root, service, environment, overrides=overrides)
    workload = read_workload(rendered)
    plan = load_plan(root / "charts" / "services" / service / "gate.yaml")
    commit, changed = _commit(root)
    record = ReleaseRecord(
        service=service,
        environment=environment,
        role=workload.role,
        image=workload.image,
        manifests_sha256=manifests_digest(rendered.objects),
        commit=commit,
        uncommitted_changes=changed,
        overrides=tuple(said),
    )
    return Candidate(record, Judged(root, rendered, overrides), workload, contract_for(workload, plan), plan)


def _commit(root: Path) -> tuple[str | None, bool]:
    """The checkout's commit and whether files differ from it; (None, False) outside a checkout or without git."""
    try:
        head = _git(root, "rev-parse", "HEAD")
        return head, bool(_git(root, "status", "--porcelain"))
    except (OSError, subprocess.CalledProcessError):
        return None, False


def _git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", root, *arguments], capture_output=True, text=True, check=True).stdout.strip()


def assess(
    candidate: Candidate, evidence: Evidence, target: Target, started_at: datetime, run: Sequence[Check]
) -> Verdict:
    """Judges the evidence. Every check of the registry is required, whichever are run."""
    subject = Subject(candidate.workload, candidate.contract, evidence)
    return Verdict(
        schema_version=SCHEMA_VERSION,
        release=candidate.release,
        target=TargetRecord(name=target.name, fit_for_promotion=target.fit_for_promotion, note=target.note),
        started_at=started_at,
        finished_at=datetime.now(UTC),
        required_checks=tuple(check.id for check in checks.ALL),
        checks=tuple(check.run(subject) for check in run),
    )


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
