"""What the cleanup found as a versioned document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from shlex import quote
from typing import Any, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from promotion_gate.cleanup.found import Image, Package
from promotion_gate.cleanup.references import Sorted
from promotion_gate.document_schema import document_schema

SCHEMA_VERSION: Final = "1"
SCHEMA_ID = f"urn:promotion-gate:cleanup:{SCHEMA_VERSION}"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Item(_Model):
    """A pre-release."""

    kind: Literal["image", "package"]
    name: str = Field(description="the image's reference, or NAME==VERSION")
    where: str = Field(description="the registry, index or file that has it")
    since: AwareDatetime | None = Field(description="when it was built or uploaded, if that is known")
    digest: str | None = Field(default=None, description="of the image's manifest, if that is known")
    files: tuple[str, ...] = Field(default=(), description="of the package")


class Unreferenced(Item):
    """One that nothing refers to any more."""

    why: str
    command: str | None = Field(description="would delete it; null where there is no common way to delete such a thing")


class Referenced(Item):
    """One that stays."""

    because: str


class Report(_Model):
    """All pre-releases that were found."""

    schema_version: Literal["1"] = SCHEMA_VERSION
    at: AwareDatetime
    refs: Mapping[str, str] = Field(
        description="what was looked at beside the checkout as it is: names, and their commits"
    )
    without_refs: tuple[str, ...] = Field(description="what was left out on request")
    unreferenced: tuple[Unreferenced, ...]
    kept: tuple[Referenced, ...]
    notes: tuple[str, ...]


def items(
    sorted_: Sorted, why: str, delete_package: str | None
) -> tuple[tuple[Unreferenced, ...], tuple[Referenced, ...]]:
    """The document's rows. `delete_package` is a command with `{name}` and `{version}`."""
    unreferenced = tuple(
        Unreferenced(**_common(item), why=why, command=_command(item, delete_package)) for item in sorted_.unreferenced
    )
    return unreferenced, tuple(Referenced(**_common(kept.item), because=kept.because) for kept in sorted_.kept)


def _common(item: Image | Package) -> dict[str, Any]:
    if isinstance(item, Image):
        return {
            "kind": "image",
            "name": item.name,
            "where": item.where,
            "since": item.since,
            "digest": item.digest or None,
        }
    name = f"{item.name}=={item.version}"
    return {"kind": "package", "name": name, "where": item.where, "since": item.since, "files": item.files}


def _command(item: Image | Package, delete_package: str | None) -> str | None:
    if isinstance(item, Image):
        return item.command or None
    if delete_package is None:
        return None
    return delete_package.replace("{name}", quote(item.name)).replace("{version}", quote(str(item.version)))


def render(report: Report) -> str:
    """The document as JSON, indented by two, with a newline at its end."""
    return json.dumps(report.model_dump(mode="json"), indent=2, ensure_ascii=True) + "\n"


def schema() -> dict[str, Any]:
    """The JSON schema of the document, draft 2020-12, derived from the model."""
    return document_schema(Report, SCHEMA_ID)
