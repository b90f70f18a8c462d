"""The switches that make the http-api worse without breaking it: `slow`, `burn` and `bloat`. Only a comparison can find them."""

from __future__ import annotations

import asyncio
import time

from reference_service.misbehave import Switch

SLOW_SECONDS = 0.05
BURN_SECONDS = 0.02
BLOAT_BYTES = 48 * 1024 * 1024
"""A worker's: two of them stay below aaa-api's memory limit."""


class Regression:
    """What each item costs more than it should. For one event loop."""

    def __init__(self, switches: frozenset[Switch]) -> None:
        self._slow, self._burn = Switch.SLOW in switches, Switch.BURN in switches
        # Ones, not zeros: the allocator hands out zero pages that take no memory until something writes to them.
        self._kept = b"\x01" * BLOAT_BYTES if Switch.BLOAT in switches else b""

    async def add(self) -> None:
        """Take the time, or the CPU time, of one item."""
        if self._slow:
            await asyncio.sleep(SLOW_SECONDS)
        if self._burn:
            end = time.thread_time() + BURN_SECONDS
            while time.thread_time() < end:
                pass
