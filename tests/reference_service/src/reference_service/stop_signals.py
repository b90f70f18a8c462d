"""SIGTERM and SIGINT while the command starts: they wait until the role can act on them. Standard library only.

Linux drops a signal for number 1 of a container until that process has a handler, so a pod that is deleted while its service still
imports would live on until SIGKILL. A blocked signal is kept instead, and so it is across exec.
"""

from __future__ import annotations

import signal

STOP_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT})


def hold_back() -> None:
    """Keep stop signals waiting from now on. Call it first of all; threads and programs started later inherit it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)


def let_through() -> None:
    """Deliver stop signals to this thread from now on, and one that waits at once. Call it when the handlers are in place."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
