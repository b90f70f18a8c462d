"""The heartbeat file: consumers and runners touch it about once a second, the exec probe looks at its age.

Standard library only: the probe is a new process every few seconds.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path

BEAT_SECONDS = 1.0
STALE_SECONDS = 15.0


def scratch_folder(environ: Mapping[str, str]) -> Path:
    """Return $TMPDIR, the one folder a pod may write to (default /tmp)."""
    return Path(environ.get("TMPDIR") or "/tmp")  # noqa: S108 - the emptyDir of the pod, nobody else's


def heartbeat_file(environ: Mapping[str, str]) -> Path:
    """Return the path of the heartbeat file."""
    return scratch_folder(environ) / "heartbeat"


def beat(environ: Mapping[str, str]) -> None:
    """Say that this process is alive: set the file's time to now, creating the file where needed."""
    heartbeat_file(environ).touch()


def what_is_wrong(environ: Mapping[str, str], *, now: float | None = None) -> str | None:
    """Return None for a heartbeat younger than 15 s, else one sentence that says what is wrong.

    `now` is in seconds since the epoch, default the wall clock (file times are wall-clock times).
    """
    path = heartbeat_file(environ)
    try:
        written = path.stat().st_mtime
    except FileNotFoundError:
        return f"There is no heartbeat at {path}: no consumer or runner with this TMPDIR has started to work."
    except OSError as error:
        return f"The heartbeat at {path} cannot be read: {error.strerror}."
    age = (time.time() if now is None else now) - written
    if age >= STALE_SECONDS:
        return (
            f"The heartbeat at {path} is {age:.0f} s old, {STALE_SECONDS:.0f} s or more: the process is stuck or gone."
        )
    return None


def clear(environ: Mapping[str, str]) -> None:
    """Remove the heartbeat of an earlier start: a restarted container is not ready on its predecessor's word."""
    heartbeat_file(environ).unlink(missing_ok=True)


def probe() -> int:
    """Run the exec probe: return 0, or print the sentence on standard error and return 1."""
    sentence = what_is_wrong(os.environ)
    if sentence is None:
        return 0
    os.write(2, f"{sentence}\n".encode())
    return 1
