"""Who this process is among the workers of a service, and since when it counts."""

from __future__ import annotations

import os
import socket
import time


def instance_id() -> str:
    """Return `<host>-pid-<pid>`, the `service.instance.id` of the calling process.

    Asked for afresh each time, so a forked child never answers with its parent's name.
    OpenTelemetry semantic conventions, attribute `service.instance.id`.
    """
    return f"{socket.gethostname()}-pid-{os.getpid()}"


class _Epoch:
    """When the counting of this process began; a forked child counts from its own beginning."""

    def __init__(self) -> None:
        self.nanoseconds = time.time_ns()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        self.nanoseconds = time.time_ns()


_EPOCH = _Epoch()


def counting_since() -> int:
    """Return the Unix time in nanoseconds at which this process had counted nothing yet."""
    return _EPOCH.nanoseconds
