"""`verdict.json`: the verdict as a versioned document, its JSON schema, and the way back to a `Verdict`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from promotion_gate.document_schema import document_schema
from promotion_gate.malformed import malformed
from promotion_gate.reporters.atomic_write import atomic_write
from promotion_gate.verdict import SCHEMA_VERSION, Verdict

SCHEMA_ID = f"urn:promotion-gate:verdict:{SCHEMA_VERSION}"


class VerdictError(ValueError):
    """A verdict document could not be read; one sentence."""


def render(verdict: Verdict) -> str:
    """The document, indented by two, with a newline at its end."""
    text = json.dumps(verdict.model_dump(mode="json"), indent=2, ensure_ascii=False)
    # A byte of an environment that is not UTF-8 arrives as a lone surrogate, which no file can hold: it is spelled out.
    return re.sub("[\ud800-\udfff]", lambda byte: rf"\\u{ord(byte.group()):04x}", text) + "\n"


def storable(text: str) -> str:
    """The text as the document holds it, with lone surrogates spelled out."""
    return re.sub("[\ud800-\udfff]", lambda byte: rf"\u{ord(byte.group()):04x}", text)


def write(verdict: Verdict, path: Path) -> None:
    """Writes the document, whole or not at all; raises ReportError if it cannot."""
    atomic_write(path, render(verdict))


def read(path: Path) -> Verdict:
    """The verdict in the document at `path`.

    Raises VerdictError if it is missing, not JSON, of another version, malformed, or claims an outcome that its checks
    deny.
    """
    return verdict_of(_document(path), str(path))


def verdict_of(document: Mapping[str, Any], where: str) -> Verdict:
    """The verdict in a document that was read already; `where` names it in sentences. Raises VerdictError as `read` does."""
    version = document.get("schema_version")
    if version != SCHEMA_VERSION:
        said = "none" if version is None else json.dumps(version)[:40]
        raise VerdictError(
            f"The verdict {where} has schema_version {said} and this gate reads {json.dumps(SCHEMA_VERSION)}:"
            " read it with the gate that wrote it, or run the gate again."
        )
    proven = {key: value for key, value in document.items() if key not in Verdict.model_computed_fields}
    try:
        verdict = Verdict.model_validate(proven)
    except ValidationError as error:
        raise VerdictError(f"The verdict {where} is malformed, {malformed(error)}: run the gate again.") from error
    for key, claimed, proved in verdict.denied_claims(document):
        raise VerdictError(
            f"The verdict {where} contradicts itself: it claims {key} {claimed[:40]} and its checks say {proved};"
            " do not use it, run the gate again."
        )
    return verdict


def _document(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise VerdictError(f"There is no verdict at {path}: run the gate first.") from None
    except OSError as error:
        raise VerdictError(f"The verdict {path} cannot be read ({error.strerror}): check the path.") from error
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
        raise VerdictError(f"The verdict {path} is not JSON ({reason}): run the gate again.") from error
    if not isinstance(document, dict):
        raise VerdictError(f"The verdict {path} is not a JSON object: run the gate again.")
    return document


def verdict_schema() -> dict[str, Any]:
    """The JSON schema of the document, draft 2020-12, derived from the model."""
    return document_schema(Verdict, SCHEMA_ID)
