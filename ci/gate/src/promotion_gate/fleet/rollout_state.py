"""What a rollout of one wave has done so far, as a versioned document that is replaced whole at each step."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from promotion_gate.document_schema import document_schema
from promotion_gate.fleet.errors import FleetStateError
from promotion_gate.malformed import malformed
from promotion_gate.reporters.atomic_write import atomic_write

SCHEMA_VERSION: Final = "1"
SCHEMA_ID = f"urn:promotion-gate:rollout:{SCHEMA_VERSION}"


class Stage(StrEnum):
    """How far a service is."""

    PENDING = "pending"
    VERIFIED = "verified"
    PROMOTED = "promoted"
    FAILED = "failed"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ServiceProgress(_Model):
    """One service of the wave."""

    stage: Stage = Stage.PENDING
    verdict_sha256: str | None = Field(
        default=None, description="digest of the signed verdict that it was verified with"
    )
    at: AwareDatetime | None = Field(default=None, description="of the newest change here")
    reason: str = Field(default="", description="why it failed, or what else there is to say")
    exit_code: int = Field(
        default=0, description="what a failed step came to: 1 refused, 2 inconclusive, 3 could not run"
    )

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if self.stage in {Stage.VERIFIED, Stage.PROMOTED} and self.verdict_sha256 is None:
            raise ValueError(f"a service that is {self.stage} names its verdict")
        if self.stage is Stage.FAILED and not (self.reason and self.exit_code):
            raise ValueError("a service that failed says why")
        return self


class RolloutState(_Model):
    """One wave's rollout."""

    schema_version: Literal["1"] = SCHEMA_VERSION
    wave: int = Field(ge=1)
    roles: tuple[str, ...]
    anew: bool = Field(
        default=False,
        description="begun with --restart: what was promoted before it began is verified and promoted again",
    )
    started_at: AwareDatetime
    services: Mapping[str, ServiceProgress] = Field(description="in the order in which they are worked through")

    @property
    def complete(self) -> bool:
        """Whether every service is promoted."""
        return all(progress.stage is Stage.PROMOTED for progress in self.services.values())

    @property
    def exit_code(self) -> int:
        """0 if complete; else of what failed the weightiest: refused, could not run, inconclusive. 3 if it was not carried through."""
        codes = {progress.exit_code for progress in self.services.values() if progress.stage is Stage.FAILED}
        return 0 if self.complete else next((code for code in (1, 3, 2) if code in codes), 3)

    def with_progress(self, service: str, progress: ServiceProgress) -> RolloutState:
        return self.model_copy(update={"services": {**self.services, service: progress}})


def begun(
    wave: int, roles: Iterable[str], services: Iterable[str], now: datetime, *, anew: bool = False
) -> RolloutState:
    """A rollout in which nothing is done yet."""
    return RolloutState(
        wave=wave,
        roles=tuple(roles),
        anew=anew,
        started_at=now,
        services={service: ServiceProgress() for service in services},
    )


def taken_up(state: RolloutState, services: Iterable[str]) -> RolloutState:
    """The state for the services that the wave has now: a new one is pending, one that is gone is left out."""
    return state.model_copy(
        update={"services": {service: state.services.get(service, ServiceProgress()) for service in services}}
    )


def render(state: RolloutState) -> str:
    """The document as JSON, indented by two, with a newline at its end."""
    return json.dumps(state.model_dump(mode="json"), indent=2, ensure_ascii=True) + "\n"


def save(state: RolloutState, path: Path) -> None:
    """Writes the document, whole or not at all. Raises ReportError."""
    atomic_write(path, render(state))


def load(path: Path) -> RolloutState | None:
    """What an earlier run left; None if none did. Raises FleetStateError for a file that is no such document."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise FleetStateError(
            f"The rollout's state {path} cannot be read ({error}): mend it, or begin anew with --restart."
        ) from None
    try:
        return RolloutState.model_validate_json(text)
    except ValidationError as error:
        raise FleetStateError(
            f"The rollout's state {path} is malformed, {malformed(error)}: begin anew with --restart."
        ) from None


def schema() -> dict[str, Any]:
    """The JSON schema of the document, draft 2020-12, derived from the model."""
    return document_schema(RolloutState, SCHEMA_ID)
