"""A deployment from beginning to end: upgrade, rollout, verification where the users are, and the way back unless it is proved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

from kubernetes.client import CoreV1Api, V1Namespace, V1ObjectMeta

from chart_harness.clusters.cluster import Cluster, ClusterError
from chart_harness.clusters.namespaces import RESTRICTED
from chart_harness.clusters.objects import NAMESPACE, Objects
from chart_harness.errors import RenderError
from chart_harness.helm import HelmError
from promotion_gate.deployment.helm_release import HelmRelease
from promotion_gate.deployment.journal import Journal
from promotion_gate.deployment.permission import Permission, other_images
from promotion_gate.deployment.record import Deployment, Ending, history_lines, keep_failed, write_record
from promotion_gate.deployment.rollout import Before, Rollout, UndoError
from promotion_gate.gathering import Patience
from promotion_gate.progress import Progress
from promotion_gate.targets.cluster.api import CONFLICT, REQUEST_SECONDS, ask
from promotion_gate.targets.cluster.live import LiveTarget
from promotion_gate.targets.cluster.place import Place
from promotion_gate.targets.target import TargetError
from promotion_gate.verdict import Outcome, Verdict
from promotion_gate.verification import Candidate, Verification

_EXPECTED = (ClusterError, RenderError, HelmError, TargetError)


@dataclass(frozen=True)
class Order:
    """What to deploy, where, and how."""

    candidate: Candidate
    place: Place
    reports: Path
    patience: Patience
    """`ready` is for the rollout, and again for the one before to serve; `window` for the verification."""
    permission: Permission | None = None
    """None where the environment asks for none."""
    create_namespace: bool = False
    keep_inconclusive: bool = False


@dataclass(frozen=True)
class Done:
    """What came of it."""

    record: Deployment
    verdict: Verdict | None
    """None if it did not come to a verification."""
    outcome: Outcome
    """FAIL for a rollout that failed."""
    interrupted: bool = False


@dataclass(frozen=True)
class _Held(Place):
    """A place that whoever opened it still needs."""

    def close(self) -> None:
        """Leaves it open."""


class Deploying:
    """One deployment. For one thread."""

    def __init__(self, order: Order, progress: Progress, uninterruptible: Callable[[], None]) -> None:
        """`uninterruptible` is called before the way back: from then on no signal may end this process."""
        self._order, self._progress, self._uninterruptible = order, progress, uninterruptible
        self._started_at = datetime.now(UTC)
        release = order.candidate.release
        self._service, self._environment = release.service, release.environment

    def run(self) -> Done:
        """Deploys, and takes back what is not proved.

        Raises ClusterError, HelmError, RenderError or TargetError if nothing was changed; UndoError if the release is neither proved
        nor taken back: then a record says so too.
        """
        place = self._order.place
        try:
            return self._run(place.open())
        finally:
            place.close()

    def _run(self, cluster: Cluster) -> Done:
        order = self._order
        self._progress.stage(f"looking at {self._environment} in {order.place.name}")
        self._see_to_the_namespace(cluster)
        order.place.provide(cluster, [order.candidate.workload.image])
        with Journal(cluster, self._environment, self._service) as journal:
            return self._deploy(cluster, journal)

    def _deploy(self, cluster: Cluster, journal: Journal) -> Done:
        order = self._order
        release = HelmRelease(cluster, self._environment, self._service)
        rollout = Rollout(release, order.candidate.judged, order.patience.ready, journal.read())
        if left := _left(rollout.before):
            self._progress.stage(left.strip())
        journal.begin(rollout.entry)
        verdict: Verdict | None = None
        error: BaseException | None = None
        outcome, why = Outcome.FAIL, ""
        try:
            self._progress.stage(f"rolling out {self._service} in {self._environment}")
            rollout.install()
            verdict = self._verify()
            outcome, why = self._judge(verdict)
        except _EXPECTED as expected:
            error, why = expected, str(expected)
        except BaseException as other:  # an interrupt, or a bug: what is not proved must not stay
            error, why = other, f"It was interrupted ({type(other).__name__})."
        if outcome is Outcome.PASS:
            why += _ended(journal)
            return Done(self._record(release, rollout, "deployed", why, verdict), verdict, outcome)
        if error is None and outcome is Outcome.INCONCLUSIVE and order.keep_inconclusive:
            why += _ended(journal)
            kept = self._record(release, rollout, "kept, though not proved", why, verdict)
            return Done(kept, verdict, outcome)
        why += left
        ending = self._take_back(release, rollout, why, verdict)
        if ending != "nothing had changed" or rollout.before.unproved is None:
            why += _ended(journal)
        unexpected = error is not None and not isinstance(error, (KeyboardInterrupt, *_EXPECTED))
        if error is not None and (unexpected or (ending == "nothing had changed" and isinstance(error, _EXPECTED))):
            raise error
        record = self._record(release, rollout, ending, why, verdict)
        return Done(record, verdict, outcome, interrupted=isinstance(error, KeyboardInterrupt))

    def _take_back(self, release: HelmRelease, rollout: Rollout, why: str, verdict: Verdict | None) -> Ending:
        self._uninterruptible()
        self._progress.stage("keeping what the failed release says")
        keep_failed(release, self._order.reports, why)
        before = rollout.before.serving
        self._progress.stage(f"putting back revision {before.number}" if before else "removing it again")
        try:
            return rollout.undo()
        except UndoError as error:
            record = self._record(release, rollout, "not put back", f"{why} {error}", verdict)
            write_record(record, self._order.reports)
            raise

    def _verify(self) -> Verdict:
        order = self._order
        held = _Held(**{field.name: getattr(order.place, field.name) for field in fields(order.place)})
        target = LiveTarget(held, order.candidate.judged, order.reports / "pods")
        return Verification(order.patience).verify(order.candidate, target, self._progress)

    def _judge(self, verdict: Verdict) -> tuple[Outcome, str]:
        """What the deployment is worth, and why: the verdict, and that the images are those that the promotion was about."""
        permission = self._order.permission
        if permission is not None and (wrong := other_images(permission.verdict, verdict)):
            return Outcome.FAIL, wrong
        if verdict.outcome is Outcome.PASS:
            return verdict.outcome, f"Its verdict there is PASS, by {len(verdict.checks)} checks."
        bad = [check.id for check in verdict.checks if check.finding.outcome is verdict.outcome]
        bad += [] if verdict.outcome is Outcome.FAIL else verdict.missing_checks
        return verdict.outcome, f"Its verdict there is {verdict.outcome}: {', '.join(bad)}."

    def _see_to_the_namespace(self, cluster: Cluster) -> None:
        name = self._environment
        with Objects(cluster) as objects:
            if objects.get(NAMESPACE, name) is not None:
                return
        if not self._order.create_namespace:
            raise TargetError(
                f"There is no namespace {name} in {self._order.place.name}: look whether that is the right cluster, or say "
                "--create-namespace."
            )
        body = V1Namespace(metadata=V1ObjectMeta(name=name, labels=RESTRICTED))

        def create(core: CoreV1Api) -> None:
            core.create_namespace(body, _request_timeout=REQUEST_SECONDS)

        ask(cluster, f"create the namespace {name}", create, expected=frozenset({CONFLICT}))

    def _record(
        self, release: HelmRelease, rollout: Rollout, ending: Ending, why: str, verdict: Verdict | None
    ) -> Deployment:
        before, permission = rollout.before.serving, self._order.permission
        try:
            history = history_lines(release.history())
        except HelmError as error:
            history = (f"It cannot be read: {error}",)
        return Deployment(
            service=self._service,
            environment=self._environment,
            target=self._order.place.name,
            ending=ending,
            why=why,
            revision_before=before.number if before else None,
            revision=rollout.revision,
            started_at=self._started_at,
            finished_at=datetime.now(UTC),
            permitted_by=f"{permission.file}: {permission.admission.words}" if permission else "",
            outcome=str(verdict.outcome) if verdict else "",
            history=history,
        )


def _left(before: Before) -> str:
    """What a killed deployment has left, and what becomes of it, as a sentence to add; empty if there is no such thing."""
    if before.unproved is None:
        return ""
    back = f"revision {before.serving.number} is what is put back" if before.serving else "the release is removed"
    return f" Revision {before.unproved} was left by a deployment that was killed, and nobody proved it: unless this one is proved, {back}."


def _ended(journal: Journal) -> str:
    """Ends the entry. Empty if that is done; else what is to be done about it, as a sentence to add."""
    try:
        journal.end()
    except ClusterError as error:
        command = f"kubectl delete configmap {journal.name} --namespace {journal.namespace}"
        return (
            f" {error} Until it is gone, the next deployment takes this revision for one that nobody proved: {command}."
        )
    return ""
