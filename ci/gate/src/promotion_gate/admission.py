"""Whether a verdict lets a release go to production: one pure function, the same for promote, guard, deploy and check-verdict.

A signature is verified before (`attestation.envelope`). What is refused here cannot be overridden, but for checks that are not PASS.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from promotion_gate.policy import Policy, Promotion
from promotion_gate.targets.target import PlaceKind
from promotion_gate.verdict import Outcome, Override, PolicyRecord, Verdict
from promotion_gate.verification import prepare
from promotion_gate.workload import Workload

CLOCK_TOLERANCE = timedelta(minutes=2)
"""By which two hosts' clocks may differ before a verdict counts as one from the future."""


class State(StrEnum):
    """What comes of it."""

    ADMITTED = "admitted"
    OVERRIDDEN = "overridden"
    REFUSED = "refused"


@dataclass(frozen=True)
class Claim:
    """What the checkout would have promoted: a verdict has to be about exactly this."""

    service: str
    environment: str
    manifests_sha256: str
    chart_sha256: str
    policy: PolicyRecord
    values: Mapping[str, Any]
    """What the policy's keys are set to."""
    required_checks: tuple[str, ...]
    promoted: Verdict | None = None
    """That of the release promoted last, which the noisy figures had to be compared with; None if there is none, or it is this one."""


@dataclass(frozen=True)
class Refusal:
    """Why not."""

    about: str
    """A word: check, override, outcome, fitness, age, clock, service, environment, manifests, chart, policy, values, checks, baseline."""
    sentence: str


@dataclass(frozen=True)
class Admission:
    """The answer; `overrides` are those without which it would be no."""

    refusals: tuple[Refusal, ...]
    overrides: tuple[Override, ...]

    @property
    def state(self) -> State:
        if self.refusals:
            return State.REFUSED
        return State.OVERRIDDEN if self.overrides else State.ADMITTED

    @property
    def words(self) -> str:
        """`admitted`, `refused`, or `overridden: ` and by whom."""
        return f"{self.state}: {said_of(self.overrides)}" if self.state is State.OVERRIDDEN else str(self.state)


def said_of(overrides: Iterable[Override]) -> str:
    """Who answers for which check, why, by which ticket, until when."""
    return "; ".join(
        f"{o.check} by {o.actor} ({o.reason}; {o.ticket}; until {o.expires_at:%Y-%m-%d %H:%M} UTC)" for o in overrides
    )


def claim_of(
    root: Path,
    service: str,
    environment: str,
    policy: tuple[Policy, str],
    verdict: Verdict,
    promoted: Verdict | None,
) -> Claim:
    """What a checkout has of a service and environment, for a verdict to be about.

    `promoted` is the verdict of the release that was promoted last. Raises what `verification.prepare` raises.
    """
    candidate = prepare(root, service, environment, policy)
    release = candidate.release
    last = compared_with(verdict, promoted)
    return Claim(
        service=release.service,
        environment=release.environment,
        manifests_sha256=release.manifests_sha256,
        chart_sha256=release.chart_sha256,
        policy=candidate.policy_record,
        values=release.values,
        required_checks=required_of(verdict, policy[0], candidate.workload, last),
        promoted=last,
    )


def compared_with(verdict: Verdict, promoted: Verdict | None) -> Verdict | None:
    """The release that this verdict had to be compared with: the one promoted last, unless that is this verdict or of another place."""
    if promoted is None or promoted == verdict or promoted.release.environment != verdict.release.environment:
        return None
    return promoted


def required_of(verdict: Verdict, policy: Policy, workload: Workload, promoted: Verdict | None) -> tuple[str, ...]:
    """The checks that the policy requires now, where the verdict was given."""
    compared = promoted is not None or verdict.baseline is not None
    kinds: dict[str, PlaceKind] = {kind: kind for kind in policy.inventory}
    kind = kinds.get(verdict.target.kind)
    return () if kind is None else tuple(policy.required(kind, workload, baseline=compared))


def assess_admission(
    verdict: Verdict,
    claim: Claim | None,
    policy: Promotion,
    now: datetime,
    overrides: Sequence[Override] = (),
) -> Admission:
    """Whether the verdict lets go what is claimed. Pure: same arguments, same answer.

    Without a claim only what the verdict says by itself is judged. `overrides` are all that were given; which of them hold for
    this verdict and now is found here.
    """
    refusals = [*_by_itself(verdict, policy, now), *(() if claim is None else _about_it(verdict, claim))]
    unproved, used = _checks(verdict, policy, now, overrides)
    return Admission((*refusals, *unproved), used)


def _by_itself(verdict: Verdict, policy: Promotion, now: datetime) -> list[Refusal]:
    found = [Refusal("fitness", f"It cannot promote, since {reason}.") for reason in verdict.unfit]
    age, most = now - verdict.finished_at, timedelta(hours=policy.max_age_hours)
    if age > most:
        found.append(
            Refusal("age", f"It is {_hours(age)} old, and {_hours(most)} are the most: run `gate verify` again.")
        )
    if age < -CLOCK_TOLERANCE:
        found.append(
            Refusal("clock", f"It is from the future, by {_hours(-age)}: correct the clock of the host that is wrong.")
        )
    return found


def _hours(time: timedelta) -> str:
    return f"{time.total_seconds() / 3600:.1f} h"


def _about_it(verdict: Verdict, claim: Claim) -> list[Refusal]:
    """What the verdict is about, against what is claimed."""
    release, policy = verdict.release, verdict.policy
    pairs = (
        ("service", "the service", release.service, claim.service),
        ("environment", "the environment", release.environment, claim.environment),
        ("manifests", "rendered manifests", release.manifests_sha256, claim.manifests_sha256),
        ("chart", "a chart", release.chart_sha256, claim.chart_sha256),
        ("policy", "the promotion policy", _said(policy), _said(claim.policy)),
        ("values", "values", _json(release.values), _json(claim.values)),
    )
    found = [
        Refusal(
            about, f"It is about {what} {_short(proved)}, and the checkout has {_short(claimed)}: verify what is there."
        )
        for about, what, proved, claimed in pairs
        if proved != claimed
    ]
    if set(verdict.required_checks) != set(claim.required_checks):
        found.append(Refusal("checks", _other_checks(verdict.required_checks, claim.required_checks)))
    if claim.promoted is not None and not _is_baseline(verdict, claim.promoted):
        found.append(
            Refusal(
                "baseline", "It was compared with another release than the one promoted last: run `gate verify` again."
            )
        )
    return found


def _is_baseline(verdict: Verdict, promoted: Verdict) -> bool:
    """Whether it was compared with the release promoted last, as that was measured then or has been measured again since."""
    baseline = verdict.baseline
    return (
        baseline is not None
        and baseline.manifests_sha256 == promoted.release.manifests_sha256
        and baseline.finished_at >= promoted.finished_at
    )


def _other_checks(given: Iterable[str], required: Iterable[str]) -> str:
    less, more = sorted(set(required) - set(given)), sorted(set(given) - set(required))
    parts = [f"the policy requires {', '.join(less)} and it did not"] if less else []
    parts += [f"it required {', '.join(more)} and the policy does not"] if more else []
    return f"Its checks are not those of now: {'; '.join(parts)}; run `gate verify` again."


def _said(policy: PolicyRecord | None) -> str:
    return "none" if policy is None else f"{policy.version} ({policy.sha256})"


def _json(values: Mapping[str, Any]) -> str:
    """So that true is not 1."""
    return json.dumps(values, sort_keys=True)


def _short(text: str) -> str:
    return text if len(text) <= 90 else f"{text[:87]}…"


def _checks(
    verdict: Verdict, policy: Promotion, now: datetime, overrides: Sequence[Override]
) -> tuple[list[Refusal], tuple[Override, ...]]:
    """The checks that nobody answers for, and the overrides of those that somebody does."""
    unproved = {record.id: str(record.finding.outcome) for record in verdict.checks}
    unproved |= dict.fromkeys(verdict.missing_checks, "missing")
    unproved = {check: said for check, said in unproved.items() if said != Outcome.PASS}
    refusals, used = [], []
    for check, said in unproved.items():
        given = [o for o in overrides if _meant(o, verdict) and o.check == check]
        valid = [o for o in given if not why_not(o, policy, now)]
        if valid:
            used.append(max(valid, key=lambda o: o.expires_at))
        elif given:
            reason = why_not(given[-1], policy, now)
            refusals.append(Refusal("override", f"{check} is {said}, and the override of {given[-1].actor} {reason}."))
        else:
            refusals.append(
                Refusal("check", f"{check} is {said}: see its row in the report, and run `gate verify` again.")
            )
    if verdict.outcome is not Outcome.PASS and not unproved:  # no check is required at all
        refusals.append(Refusal("outcome", f"It is {verdict.outcome}: no check was required, so nothing is proved."))
    return refusals, tuple(used)


def _meant(override: Override, verdict: Verdict) -> bool:
    return (override.service, override.environment) == (verdict.release.service, verdict.release.environment)


def why_not(override: Override, policy: Promotion, now: datetime) -> str:
    """Why an override does not hold, as the end of a sentence; empty if it does."""
    if override.expires_at <= now:
        return f"expired at {override.expires_at:%Y-%m-%d %H:%M} UTC"
    if override.given_at > now + CLOCK_TOLERANCE:
        return f"is from the future ({override.given_at:%Y-%m-%d %H:%M} UTC)"
    if override.expires_at - override.given_at > timedelta(days=policy.max_override_days):
        return f"holds for more than the {policy.max_override_days:g} days that the policy allows"
    return ""
