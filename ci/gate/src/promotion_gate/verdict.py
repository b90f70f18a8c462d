"""The verdict: its parts, and the one rule that makes it PASS, FAIL or INCONCLUSIVE.

The models are the versioned JSON document (`build/gate/verdict.json`); its schema is derived from them. All are immutable, so safe
to share between threads.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final, Literal, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    computed_field,
    model_validator,
)

from promotion_gate.measurements import Measurements

SCHEMA_VERSION: Final = "2"


class Outcome(StrEnum):
    """What was proved. Only PASS promotes; INCONCLUSIVE means that the evidence was not there, never that it was good."""

    PASS = "PASS"  # noqa: S105 - not a password
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"

    @property
    def exit_code(self) -> int:
        """The command's exit code for this outcome; 3 is kept for "could not run"."""
        return {Outcome.PASS: 0, Outcome.FAIL: 1, Outcome.INCONCLUSIVE: 2}[self]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Observation(_Model):
    """One thing that a check looked at."""

    subject: str = Field(description="what was looked at: a pod, a metric family, an env var")
    observed: str = Field(description="what was seen, with its unit")
    expected: str = Field(description="what had to be seen, with its unit")
    outcome: Outcome


class Finding(_Model):
    """What a check's `assess` concludes."""

    outcome: Outcome
    summary: str = Field(description="one sentence: what was seen")
    observations: tuple[Observation, ...] = ()
    remedy: str = Field(default="", description="what to do about it; empty on PASS")

    @model_validator(mode="after")
    def _says_what_it_rests_on(self) -> Self:
        if self.outcome is Outcome.PASS and {o.outcome for o in self.observations} != {Outcome.PASS}:
            raise ValueError(f"a finding that is PASS needs observations, all PASS: {self.summary}")
        if self.outcome is not Outcome.PASS and not self.remedy:
            raise ValueError(f"a finding that is {self.outcome} needs a remedy: {self.summary}")
        return self


class CheckRecord(_Model):
    """A finding, with the check that made it."""

    id: str
    title: str
    question: str = Field(default="", description="what the check asks")
    documentation: str = Field(description="the check's page, a path in the repository")
    asked_at: AwareDatetime | None = Field(
        default=None, description="when the last part of what it rests on was looked at; None if it never was"
    )
    finding: Finding


class TargetRecord(_Model):
    """Where the release ran."""

    name: str
    kind: str = Field(default="", description="embedded, cluster or live: which inventory of the policy holds")
    identity: str = Field(default="", description="tells this place from every other of its name, e.g. a cluster's uid")
    fit_for_promotion: bool = Field(description="false: this verdict never promotes, whatever its outcome")
    note: str = ""


class ReleaseRecord(_Model):
    """What was judged."""

    service: str
    environment: str
    role: str
    image: str
    image_digests: tuple[str, ...] = Field(
        default=(), description="sha256:… of every image that ran; none if not known"
    )
    manifests_sha256: str = Field(description="digest of the rendered objects, as canonical JSON")
    chart_sha256: str = Field(default="", description="digest of the chart's files, those of its libraries among them")
    values: Mapping[str, Any] = Field(
        default={}, description="what the policy's keys are set to, by dotted path: what a promotion copies"
    )
    commit: str | None = Field(default=None, description="git commit of the checkout; None outside a checkout")
    uncommitted_changes: bool = False
    set_values: tuple[str, ...] = Field(default=(), description="given on the command line, on top of the files")


class PolicyRecord(_Model):
    """The promotion policy that said which checks are required."""

    version: str
    sha256: str = Field(description="digest of the file")


class WindowRecord(_Model):
    """For how long the release was watched without an interruption."""

    began_at: AwareDatetime
    seconds: float
    interruptions: tuple[str, ...] = Field(default=(), description="why the time had to begin again")


class BaselineRecord(_Model):
    """The release that the noisy figures were compared with: the one that was promoted last."""

    commit: str | None
    finished_at: AwareDatetime
    manifests_sha256: str
    target_identity: str
    medians: Mapping[str, float] = Field(
        default={},
        description="of what it measured in this very place: latency (ms), memory (MiB), cpu (cores); none of another place",
    )


class Override(_Model):
    """Somebody's word that a check that is not PASS shall not hold up a promotion. It changes no outcome."""

    service: str
    environment: str = Field(description="where the check failed")
    check: str
    actor: str = Field(min_length=1)
    reason: str = Field(min_length=1)
    ticket: str = Field(min_length=1)
    given_at: AwareDatetime
    expires_at: AwareDatetime


def judge(required: Iterable[str], records: Iterable[CheckRecord]) -> Outcome:
    """FAIL if any check failed; PASS only if every required check is there and every check passed; else INCONCLUSIVE.

    A required check that is absent, and an empty inventory, are missing evidence.
    """
    required, seen = set(required), [(record.id, record.finding.outcome) for record in records]
    outcomes = {outcome for _, outcome in seen}
    if Outcome.FAIL in outcomes:
        return Outcome.FAIL
    complete = bool(required) and required <= {check for check, _ in seen}
    if complete and outcomes == {Outcome.PASS}:
        return Outcome.PASS
    return Outcome.INCONCLUSIVE


class Verdict(_Model):
    """The judgement of one release on one target.

    `outcome` is computed from the records: a document that claims another outcome does not load.
    """

    schema_version: Literal["2"]
    release: ReleaseRecord
    target: TargetRecord
    policy: PolicyRecord | None = None
    started_at: AwareDatetime
    finished_at: AwareDatetime
    window: WindowRecord | None = None
    required_checks: tuple[str, ...]
    checks: tuple[CheckRecord, ...]
    measurements: Measurements = Measurements()
    baseline: BaselineRecord | None = None
    overrides: tuple[Override, ...] = Field(
        default=(), description="those that hold for this release now; none makes a check PASS"
    )

    @computed_field  # type: ignore[prop-decorator]
    @property
    def outcome(self) -> Outcome:
        return judge(self.required_checks, self.checks)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def promotes(self) -> bool:
        """Whether this verdict may promote: PASS, and bound to what production would get."""
        return self.outcome is Outcome.PASS and not self.unfit

    @property
    def unfit(self) -> tuple[str, ...]:
        """Why this verdict could not promote even if it is PASS, as clauses."""
        release, target = self.release, self.target
        reasons = {
            f"a verdict from the {target.name} target never promotes": not target.fit_for_promotion,
            "what it judged is in no commit": release.commit is None,
            "the checkout had changes that no commit holds": release.uncommitted_changes,
            "values were given on the command line": bool(release.set_values),
            "it names no digest of an image": not release.image_digests,
            "it names no digest of the chart": not release.chart_sha256,
            "it names no promotion policy": self.policy is None,
        }
        return tuple(reason for reason, holds in reasons.items() if holds)

    def denied_claims(self, document: Mapping[str, object]) -> list[tuple[str, str, str]]:
        """The computed fields for which `document` says something else: name, what it claims and what is proved, as JSON."""
        claims = (
            (key, json.dumps(document[key], default=str)) for key in type(self).model_computed_fields if key in document
        )
        proofs = ((key, claimed, json.dumps(getattr(self, key))) for key, claimed in claims)
        return [(key, claimed, proved) for key, claimed, proved in proofs if claimed != proved]

    @property
    def missing_checks(self) -> tuple[str, ...]:
        present = {record.id for record in self.checks}
        return tuple(check for check in self.required_checks if check not in present)

    @model_validator(mode="wrap")
    @classmethod
    def _agrees_with_its_checks(cls, data: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Takes a written document back: what it claims of the computed fields must be what its checks say."""
        if not isinstance(data, dict):
            return handler(data)
        verdict = handler({key: value for key, value in data.items() if key not in cls.model_computed_fields})
        for key, claimed, proved in verdict.denied_claims(data):
            raise ValueError(f"the document claims {key} {claimed}, its checks say {proved}")
        return verdict

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        ids = [record.id for record in self.checks]
        twice = sorted({check for check in ids if ids.count(check) > 1})
        if twice:
            raise ValueError(f"the document has two records of {', '.join(twice)}")
        if self.finished_at < self.started_at:
            raise ValueError("the document says that it finished before it started")
        return self
