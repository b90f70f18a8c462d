"""The switches that only make the service worse do so, each in its own way."""

from __future__ import annotations

import asyncio
import time

from reference_service.misbehave import Switch
from reference_service.regression import BLOAT_BYTES, BURN_SECONDS, SLOW_SECONDS, Regression


def cost(*switches: Switch) -> tuple[float, float]:
    """Wall-clock and CPU seconds of one item."""
    regression = Regression(frozenset(switches))

    async def one() -> tuple[float, float]:
        wall, cpu = time.perf_counter(), time.thread_time()
        await regression.add()
        return time.perf_counter() - wall, time.thread_time() - cpu

    return asyncio.run(one())


def test_slow_takes_time_and_burn_takes_cpu_time() -> None:
    assert cost(Switch.SLOW)[0] >= SLOW_SECONDS
    assert cost(Switch.BURN)[1] >= BURN_SECONDS


def test_bloat_keeps_memory_that_is_written() -> None:
    kept = vars(Regression(frozenset({Switch.BLOAT})))["_kept"]
    assert (len(kept), kept[-1]) == (BLOAT_BYTES, 1)
    assert not vars(Regression(frozenset()))["_kept"]
