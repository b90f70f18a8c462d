"""The one folder outside the checkout that builds and downloads are kept in; it is safe to delete."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """$SERVICE_METRICS_CACHE, else the user's cache folder."""
    override = os.environ.get("SERVICE_METRICS_CACHE")
    return Path(override) if override else Path(platformdirs.user_cache_dir("service-metrics-platform"))


@contextmanager
def exclusive(name: str) -> Iterator[None]:
    """Lets one process at a time, of all on this host that share the cache folder, do what `name` names; waits for its turn."""
    folder = cache_folder() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
