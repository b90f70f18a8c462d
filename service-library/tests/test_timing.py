"""Decorators of the core measure coroutine functions until they end; prometheus_client's measure their creation."""

from __future__ import annotations

import asyncio
import inspect
from dataclasses import dataclass

import pytest
from prometheus_client import CollectorRegistry

from service_metrics.recording.counter import Counter
from service_metrics.recording.gauge import Gauge
from service_metrics.recording.histogram import Histogram


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("service_metrics.recording.timing.perf_counter", made)
    return made


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def test_coroutines_are_timed_to_their_end(clock: Clock, registry: CollectorRegistry) -> None:
    histogram = Histogram("seconds", "S.", registry=registry)
    in_progress = Gauge("running", "R.", registry=registry)

    async def main() -> None:
        release = asyncio.Event()
        entered = asyncio.Event()

        @histogram.time()
        @in_progress.track_inprogress()
        async def work(value: int) -> int:
            """Works."""
            entered.set()
            await release.wait()
            return value

        assert inspect.iscoroutinefunction(work)
        assert (work.__name__, work.__doc__) == ("work", "Works.")
        running = asyncio.create_task(work(7))
        await entered.wait()
        assert registry.get_sample_value("running") == 1
        assert registry.get_sample_value("seconds_count") == 0
        clock.now += 5
        release.set()
        assert await running == 7

    asyncio.run(main())
    assert registry.get_sample_value("seconds_sum") == 5.0
    assert registry.get_sample_value("seconds_count") == 1
    assert registry.get_sample_value("running") == 0


def test_concurrent_calls_are_timed_apart(clock: Clock, registry: CollectorRegistry) -> None:
    histogram = Histogram("seconds", "S.", buckets=[1, 2, 3], registry=registry)

    async def main() -> None:
        releases = [asyncio.Event(), asyncio.Event()]

        @histogram.time()
        async def work(number: int) -> None:
            await releases[number].wait()

        tasks = [asyncio.create_task(work(number)) for number in range(2)]
        for task, release in zip(tasks, releases, strict=True):
            await asyncio.sleep(0)  # let both start
            clock.now += 1
            release.set()
            await task

    asyncio.run(main())
    assert registry.get_sample_value("seconds_bucket", {"le": "1.0"}) == 1
    assert registry.get_sample_value("seconds_bucket", {"le": "2.0"}) == 2


def test_exceptions_and_cancellation_of_coroutines(clock: Clock, registry: CollectorRegistry) -> None:
    failures = Counter("failures", "F.", registry=registry)
    histogram = Histogram("seconds", "S.", registry=registry)
    running = Gauge("running", "R.", registry=registry)

    @failures.count_exceptions()
    @histogram.time()
    @running.track_inprogress()
    async def work(error: type[BaseException]) -> None:
        clock.now += 2
        raise error

    async def main() -> None:
        with pytest.raises(LookupError):
            await work(LookupError)
        with pytest.raises(asyncio.CancelledError):
            await work(asyncio.CancelledError)

    asyncio.run(main())
    assert registry.get_sample_value("failures_total") == 1  # a cancellation is no Exception
    assert registry.get_sample_value("seconds_sum") == 4
    assert registry.get_sample_value("running") == 0


def test_time_that_goes_backwards_counts_as_none(clock: Clock, registry: CollectorRegistry) -> None:
    histogram = Histogram("seconds", "S.", registry=registry)
    with histogram.time() as timer:
        clock.now -= 10
    assert timer.duration == 0.0
    assert registry.get_sample_value("seconds_sum") == 0


def test_a_block_around_await(clock: Clock, registry: CollectorRegistry) -> None:
    gauge = Gauge("last_seconds", "L.", ["op"], registry=registry)

    async def main() -> None:
        with gauge.labels("x").time():
            await asyncio.sleep(0)
            clock.now += 3

    asyncio.run(main())
    assert registry.get_sample_value("last_seconds", {"op": "x"}) == 3
