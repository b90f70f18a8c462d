"""The state of the fleet as a versioned document: a row for each service and environment, and the sums of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, computed_field

from promotion_gate.document_schema import document_schema
from promotion_gate.verdict import Outcome

SCHEMA_VERSION: Final = "1"
SCHEMA_ID = f"urn:promotion-gate:fleet-status:{SCHEMA_VERSION}"


class Standing(StrEnum):
    """Whether a release is proved, now."""

    PROVED = "proved"
    """By a PASS with a trusted signature, fresh, and about what the checkout holds."""
    OVERRIDDEN = "overridden"
    """Admitted, though not every check is PASS: somebody's word stands for the rest."""
    AGED = "aged"
    """It would be proved, but the verdict is older than the policy allows."""
    BLOCKED = "blocked"
    """There is a verdict, and it does not admit the release."""
    UNPROVED = "unproved"
    """There is no verdict."""

    @property
    def stands(self) -> bool:
        """Whether what was promoted with it is still as it was promoted: a promotion does not end with its verdict's freshness."""
        return self in {Standing.PROVED, Standing.OVERRIDDEN, Standing.AGED}


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class VerdictStatus(_Model):
    """A signed verdict, and how it stands now."""

    kind: Literal["verification", "promotion"] = Field(
        description="of a run in the row's own environment, or the one that this environment was promoted with"
    )
    path: str = Field(description="of the signed verdict, in the checkout where it lies there")
    standing: Standing
    reasons: tuple[str, ...] = Field(
        description="why it is not proved, as clauses, the weightiest first; or what is overridden"
    )
    outcome: Outcome | None = Field(default=None, description="null if the verdict cannot be read")
    target: str | None = None
    finished_at: AwareDatetime | None = None
    commit: str | None = None
    sha256: str = Field(description="digest of the signed verdict's file")


class ReleaseStatus(_Model):
    """One service in one environment."""

    service: str
    environment: str
    role: str
    wave: int | None = Field(description="of the rollout, from 1; null if the policy has none for the role")
    backend: str
    standing: Standing
    reason: str = Field(description="the blocking check, or why there is none; empty if proved")
    verdict: VerdictStatus | None = Field(description="the one that decides the standing")
    others: tuple[VerdictStatus, ...] = Field(default=(), description="further verdicts on record, which do not decide")


class EnvironmentSummary(_Model):
    """The sums of one environment."""

    environment: str
    services: int
    backends: dict[str, int]
    standings: dict[Standing, int]


class FleetStatus(_Model):
    """The whole fleet, or the part that was asked for."""

    schema_version: Literal["1"] = SCHEMA_VERSION
    at: AwareDatetime = Field(description="when it was looked at; ages are reckoned from here")
    commit: str | None
    uncommitted_changes: bool
    policy_version: str
    policy_sha256: str
    waves: tuple[tuple[str, ...], ...] = Field(description="roles, in the order of a rollout")
    releases: tuple[ReleaseStatus, ...]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def summary(self) -> tuple[EnvironmentSummary, ...]:
        """By environment, in the order of the rows."""
        names = dict.fromkeys(row.environment for row in self.releases)
        return tuple(_summary(name, [row for row in self.releases if row.environment == name]) for name in names)


def _summary(environment: str, rows: Iterable[ReleaseStatus]) -> EnvironmentSummary:
    rows = list(rows)
    backends, standings = Counter(row.backend for row in rows), Counter(row.standing for row in rows)
    return EnvironmentSummary(
        environment=environment,
        services=len(rows),
        backends=dict(sorted(backends.items())),
        standings={standing: standings[standing] for standing in Standing},
    )


def render(status: FleetStatus) -> str:
    """The document as JSON, indented by two, with a newline at its end."""
    return json.dumps(status.model_dump(mode="json"), indent=2, ensure_ascii=True) + "\n"


def read(text: str) -> FleetStatus:
    """The way back. Raises pydantic.ValidationError for what is no such document."""
    document = json.loads(text)
    claimed = document.pop("summary", None)
    status = FleetStatus.model_validate(document)
    if claimed != status.model_dump(mode="json")["summary"]:
        raise ValueError("the document's summary is not that of its releases")
    return status


def schema() -> dict[str, Any]:
    """The JSON schema of the document, draft 2020-12, derived from the model."""
    return document_schema(FleetStatus, SCHEMA_ID)
