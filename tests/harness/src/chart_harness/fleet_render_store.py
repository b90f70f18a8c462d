"""Results of rendering on disk, by the hash of what decided them. A file is written under another name and then moved, so that
a reader, in whatever process, sees the whole of it or nothing."""

from __future__ import annotations

import marshal
import os
import time
from pathlib import Path
from typing import Any

from cluster_images.cache import cache_folder

KEEP_SECONDS = 3 * 24 * 3600.0


def folder() -> Path:
    """Where results are; it may be deleted at any time."""
    return cache_folder() / "fleet"


def definitions() -> Path:
    """Where definitions are that were read once: they are megabytes of YAML."""
    return cache_folder() / "definitions"


def read(key: str, place: Path | None = None) -> Any:
    """What was kept under `key`, or None. What cannot be read (another Python wrote it, or a disk ran full) is as if it were not there."""
    try:
        return marshal.loads(((place or folder()) / key).read_bytes())  # noqa: S302  # our own files, and three times as fast as JSON
    except (OSError, EOFError, ValueError, TypeError):
        return None


def known(key: str) -> bool:
    """Whether something is kept under `key`."""
    return (folder() / key).exists()


def write(key: str, value: Any, place: Path | None = None) -> None:
    """Keep plain data: texts, numbers, lists, tuples, dicts."""
    target = (place or folder()) / key
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.with_name(f".{key}.{os.getpid()}")
    scratch.write_bytes(marshal.dumps(value))
    scratch.replace(target)


def prune() -> None:
    """Delete results that were written long ago; one still in use is rendered again."""
    oldest = time.time() - KEEP_SECONDS
    for path in folder().glob("*"):
        try:
            if path.stat().st_mtime < oldest:
                path.unlink()
        except FileNotFoundError:
            pass  # another process prunes too
