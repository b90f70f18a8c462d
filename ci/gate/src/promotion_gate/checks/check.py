"""What a check is: an id, and a pure function from what was declared and what was seen to a finding."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from promotion_gate.contract import Contract
from promotion_gate.evidence import Evidence, MetricsPage, Missing
from promotion_gate.verdict import CheckRecord, Finding, Observation, Outcome
from promotion_gate.workload import Workload


@dataclass(frozen=True)
class Subject:
    """Everything that a check may look at."""

    workload: Workload
    contract: Contract
    evidence: Evidence


@dataclass(frozen=True)
class Check:
    """A check. `assess` is pure: same subject, same finding; it may raise, which `run` turns into INCONCLUSIVE."""

    id: str
    title: str
    assess: Callable[[Subject], Finding]

    @property
    def documentation(self) -> str:
        return f"docs/checks/{self.id}.md"

    def run(self, subject: Subject) -> CheckRecord:
        """Assesses, and records; never raises for what a check does wrong."""
        try:
            finding = Finding.model_validate(self.assess(subject))
        except Exception as error:  # whatever a check trips over, the verdict must say that it did
            finding = Finding(
                outcome=Outcome.INCONCLUSIVE,
                summary=f"the check itself failed: {type(error).__name__}: {error}",
                remedy=f"Report this as a bug of the check {self.id}, with build/gate/verdict.json.",
            )
        return CheckRecord(id=self.id, title=self.title, documentation=self.documentation, finding=finding)


def no_evidence(what: str, evidence: object) -> Finding:
    """INCONCLUSIVE, because `what` (e.g. "log lines") was not to be had: `evidence` is Missing, or empty."""
    reason = evidence.reason if isinstance(evidence, Missing) else "the target returned nothing"
    return Finding(
        outcome=Outcome.INCONCLUSIVE,
        summary=f"no {what}: {reason}",
        remedy="Look at the checks that failed first; without one, read the pods' logs and run the gate again.",
    )


def conclude(observations: Sequence[Observation], good: str, bad: str, remedy: str) -> Finding:
    """The worst outcome among the observations; PASS needs at least one of them.

    `good` and `bad` are the summaries; `remedy` says what to do unless all is well.
    """
    outcomes = {observation.outcome for observation in observations}
    if outcomes == {Outcome.PASS}:
        return Finding(outcome=Outcome.PASS, summary=good, observations=tuple(observations))
    outcome = Outcome.FAIL if Outcome.FAIL in outcomes else Outcome.INCONCLUSIVE
    return Finding(outcome=outcome, summary=bad, observations=tuple(observations), remedy=remedy)


def observe(subject: str, observed: object, expected: object, *, ok: bool) -> Observation:
    """An observation that is either PASS or FAIL."""
    outcome = Outcome.PASS if ok else Outcome.FAIL
    return Observation(subject=subject, observed=str(observed), expected=str(expected), outcome=outcome)


def unseen(what: str, seen: Iterable[str], subject: Subject) -> list[Observation]:
    """That fewer pods were seen than the chart asks for, which proves nothing of the others; empty if all were."""
    count, replicas = len(set(seen)), subject.workload.replicas
    return [unproved(what, count, replicas)] if count < replicas else []


def unreadable(pages: Iterable[MetricsPage]) -> list[Observation]:
    """The pages that cannot be looked at, or not whole; what is on them is not known."""
    return [
        unproved(page.where, page.fault or f"status {page.status}", "a whole page")
        for page in pages
        if not page.readable
    ]


def unproved(subject: str, observed: object, expected: object) -> Observation:
    """An observation that proves nothing either way."""
    return Observation(subject=subject, observed=str(observed), expected=str(expected), outcome=Outcome.INCONCLUSIVE)
