"""The switches that act before a role starts: unset-backend, crash and hang. Standard library and logging only."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from reference_service.heartbeat import scratch_folder
from reference_service.stop_signals import STOP_SIGNALS

log = logging.getLogger(__name__)

BACKEND = "PROMETHEUS_BACKEND"


def restart_without_backend(environ: Mapping[str, str]) -> None:
    """Replace this process by itself without PROMETHEUS_BACKEND; return at once where the variable is not set.

    A new program image is needed, not `del os.environ[...]`: /proc/<pid>/environ shows what a process was started with.
    """
    if BACKEND not in environ:
        return
    log.warning("REFERENCE_MISBEHAVE=unset-backend: restarting without %s", BACKEND)
    remaining = {name: value for name, value in environ.items() if name != BACKEND}
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], remaining)  # noqa: S606 - no shell is wanted


def crash_once(environ: Mapping[str, str], *, delay: float = 0.5) -> None:
    """End the process with status 1 after `delay` seconds, only on the first start of a pod.

    A pod keeps its scratch folder ($TMPDIR) when the kubelet restarts a container, so a marker there tells the starts
    apart.
    """
    marker = crash_marker(environ)
    try:
        marker.touch(exist_ok=False)
    except FileExistsError:
        return
    log.error("REFERENCE_MISBEHAVE=crash: the first start of this pod exits 1, before it is ready")
    threading.Event().wait(delay)
    raise SystemExit(1)


def crash_marker(environ: Mapping[str, str]) -> Path:
    """Return the file that says this pod has crashed once."""
    return scratch_folder(environ) / "reference-service-crashed"


def hang(port: int | None) -> NoReturn:
    """Listen on `port` (where there is one) without ever answering, until SIGTERM or SIGINT; then exit 0.

    The signals are blocked, as they have been since the start, and waited for: no handler is needed.
    """
    with socket.socket() as listener:
        if port is not None:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("0.0.0.0", port))
            listener.listen()
        log.warning("REFERENCE_MISBEHAVE=hang: this process is never ready and does no work")
        signal.sigwait(STOP_SIGNALS)
    raise SystemExit(0)
