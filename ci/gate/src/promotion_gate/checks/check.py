"""What a check is: an id, and a pure function from what was declared and what was seen to a finding."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from promotion_gate.contract import Contract
from promotion_gate.counted import counted
from promotion_gate.evidence import Evidence, MetricsPage, Missing
from promotion_gate.measurements import Measurements
from promotion_gate.policy import Regression, Requirement
from promotion_gate.verdict import CheckRecord, Finding, Observation, Outcome
from promotion_gate.workload import Workload


@dataclass(frozen=True)
class Subject:
    """Everything that a check may look at."""

    workload: Workload
    contract: Contract
    evidence: Evidence
    baseline: Measurements | Missing = field(default=Missing("no release was promoted before"))
    """What the release that was promoted last measured on this very target."""
    regression: Regression = field(default=Regression())

    @property
    def work_seen(self) -> int:
        """Units of work that the gate knows of: requests answered, or lines logged with a status."""
        if self.contract.work_is_counted_by == "traffic":
            traffic = self.evidence.traffic
            return 0 if isinstance(traffic, Missing) else traffic.answers
        logs = self.evidence.logs
        return 0 if isinstance(logs, Missing) else sum(line.status is not None for log in logs for line in log.lines)


NOTHING_MORE = Requirement()
"""A PASS counts however little it rests on."""


@dataclass(frozen=True)
class Check:
    """A check. `assess` is pure: same subject, same finding; it may raise, which `run` turns into INCONCLUSIVE."""

    id: str
    title: str
    question: str
    reads: tuple[str, ...]
    """The parts of the evidence that it rests on, by their names."""
    assess: Callable[[Subject], Finding]

    @property
    def documentation(self) -> str:
        return f"docs/checks/{self.id}.md"

    def run(self, subject: Subject, requirement: Requirement = NOTHING_MORE) -> CheckRecord:
        """Assesses, and records; never raises for what a check does wrong.

        A PASS that rests on less than the requirement asks for is INCONCLUSIVE.
        """
        try:
            finding = _enough(Finding.model_validate(self.assess(subject)), subject, requirement)
        except Exception as error:  # whatever a check trips over, the verdict must say that it did
            finding = Finding(
                outcome=Outcome.INCONCLUSIVE,
                summary=f"the check itself failed: {type(error).__name__}: {error}",
                remedy=f"Report this as a bug of the check {self.id}, with build/gate/verdict.json.",
            )
        return CheckRecord(
            id=self.id,
            title=self.title,
            question=self.question,
            documentation=self.documentation,
            asked_at=self._asked_at(subject.evidence),
            finding=finding,
        )

    def _asked_at(self, evidence: Evidence) -> datetime | None:
        return max((evidence.moments[part] for part in self.reads if part in evidence.moments), default=None)


def _enough(finding: Finding, subject: Subject, requirement: Requirement) -> Finding:
    if finding.outcome is not Outcome.PASS:
        return finding
    window, work = subject.evidence.window, requirement.work.get(subject.workload.role, 0)
    short: list[Observation] = []
    if requirement.seconds:
        watched = 0.0 if isinstance(window, Missing) else window.seconds
        since = (
            "" if isinstance(window, Missing) else "".join(f"; begun again: {why}" for why in window.interruptions[-1:])
        )
        if watched < requirement.seconds:
            short.append(
                unproved(
                    "time watched", f"{watched:.0f} s{since}", f"{requirement.seconds:g} s without an interruption"
                )
            )
    if subject.work_seen < work:
        short.append(unproved("work seen", counted(subject.work_seen, "unit"), f"{counted(work, 'unit')} at least"))
    if not short:
        return finding
    return Finding(
        outcome=Outcome.INCONCLUSIVE,
        summary=f"too little was seen to say so ({', '.join(o.observed for o in short)}): {finding.summary}",
        observations=(*short, *finding.observations),
        remedy="Watch for longer (--window) or send more (requests_per_pod in gate.yaml); the promotion policy says how much it takes.",
    )


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
