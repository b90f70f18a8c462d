"""The log of overrides, `ci/audit/overrides.jsonl`: a JSON line each, appended and never changed.

Each line holds the SHA-256 of the line before, so a line that was changed, taken out or put in between shows. What a chain cannot
show, lines cut off at the end, `gate guard` finds: it holds the log against that of the branch that is merged into.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from promotion_gate.malformed import malformed
from promotion_gate.verdict import Override

AUDIT_LOG = Path("ci") / "audit" / "overrides.jsonl"
"""In a checkout."""
FIRST = "0" * 64
"""Stands for the digest of the line before the first."""


class AuditError(Exception):
    """The log cannot be used, or an override cannot be given; the message is one sentence."""


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    previous: str
    override: Override


def read_log(content: bytes, where: str) -> tuple[Override, ...]:
    """The overrides in a log's content, in the order in which they were given; `where` names the log in sentences.

    Raises AuditError with the line at which the chain breaks, or that is no override.
    """
    previous, found = FIRST, []
    for number, line in enumerate(content.splitlines(keepends=True), 1):
        at = f"{where}, line {number}"
        if not line.endswith(b"\n"):
            raise AuditError(f"{at}, is cut off: take it out, and give that override again.")
        try:
            read = _Line.model_validate(json.loads(line))
        except ValidationError as error:
            raise AuditError(f"{at}, is no override ({malformed(error)}): restore the log from git.") from None
        except (ValueError, RecursionError):
            raise AuditError(f"{at}, is not JSON: restore the log from git.") from None
        if read.previous != previous:
            raise AuditError(
                f"{at}, does not follow the line before it: the log was changed, where it may only grow; restore it from git."
            )
        found.append(read.override)
        previous = _digest(line)
    return tuple(found)


def load_log(path: Path) -> tuple[Override, ...]:
    """The overrides in a file; a file that is not there has none. Raises AuditError."""
    try:
        return read_log(path.read_bytes(), str(path))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise AuditError(f"The audit log {path} cannot be read ({error.strerror}): check the file.") from None


def written(overrides: Iterable[Override]) -> bytes:
    """A log of these overrides, as it is on disk."""
    content = b""
    for override in overrides:
        content += _line(override, content)
    return content


def append(path: Path, override: Override) -> None:
    """Adds one line, on disk when this returns; the log before it is checked first. Raises AuditError.

    Processes may call it at once: each waits for its turn.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # until the file is closed
            file.seek(0)
            content = file.read()
            read_log(content, str(path))
            line = _line(override, content)
            try:
                if file.write(line) != len(line):
                    raise OSError(None, "it was written in part only")
                os.fsync(file.fileno())
            except OSError:
                file.truncate(len(content))
                raise
    except OSError as error:
        raise AuditError(
            f"The override could not be written to {path} ({error.strerror}): nothing was given."
        ) from None


def _line(override: Override, before: bytes) -> bytes:
    last = before.splitlines(keepends=True)[-1:]
    line = _Line(previous=_digest(last[0]) if last else FIRST, override=override)
    return json.dumps(line.model_dump(mode="json")).encode() + b"\n"


def _digest(line: bytes) -> str:
    return hashlib.sha256(line.removesuffix(b"\n")).hexdigest()
