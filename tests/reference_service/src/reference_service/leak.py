"""The `leak` switch: take memory in small steps, touch it, and keep it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)

OVERRUN = 1.2
STEPS = 100
STEP_PAUSE_SECONDS = 0.03

_kept: list[bytes] = []


def start_leak(limit_bytes: int, processes: int) -> threading.Thread:
    """Start to take this process's share of 1.2 x `limit_bytes`, the pod's limit, over about 3 s; return the thread.

    `processes` is the number of processes in the pod that leak. Call it after any fork: a thread does not survive one.
    The thread is a daemon, so it never delays a shutdown.
    """
    share = int(limit_bytes * OVERRUN / processes)
    log.warning("REFERENCE_MISBEHAVE=leak: taking %d bytes in this process", share)
    pause = threading.Event().wait
    thread = threading.Thread(
        target=leak, args=(share, _kept, lambda: pause(STEP_PAUSE_SECONDS)), name="leak", daemon=True
    )
    thread.start()
    return thread


def leak(total: int, kept: list[bytes], pause: Callable[[], object], *, steps: int = STEPS) -> None:
    """Append `total` bytes to `kept` in `steps` pieces, with `pause()` after each to let other threads run."""
    done = 0
    for step in range(1, steps + 1):
        piece = total * step // steps - done
        # Ones, not zeros: the allocator hands out zero pages that take no memory until something writes to them.
        kept.append(b"\x01" * piece)
        done += piece
        pause()
