"""Replaces a file as a whole, so that a reader sees the old text or the new one and never a part."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import uuid4


class ReportError(Exception):
    """A report could not be written; one sentence."""


def atomic_write(path: Path, text: str) -> None:
    """Writes `text` to `path` as UTF-8, by way of a temporary file beside it.

    On any failure the old file stays as it was. Raises ReportError if the file cannot be written. Safe to call from
    several processes: the last one wins.
    """
    temporary = path.with_name(f".{path.name}.{uuid4().hex}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException as error:
        _discard(temporary)
        if isinstance(error, OSError):
            reason = error.strerror or str(error)
            raise ReportError(
                f"The report {path} could not be written ({reason}): free the path or choose another directory."
            ) from error
        raise


def _discard(temporary: Path) -> None:
    try:
        temporary.unlink(missing_ok=True)
    except OSError:
        return  # it never came to be (e.g. its directory is a file); the error that brought us here is the one to tell
