"""The classes for CPython without a GIL: every write is inside the lock of its series.

Here with the GIL, where a missing lock would lose nothing, so the lock is watched; `ci/toolchain/free-threaded` runs the
thread and conformance tests on an interpreter without one.
"""

from __future__ import annotations

import copy
import os
import threading
from collections.abc import Callable
from threading import Thread
from types import TracebackType
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from service_metrics.recording.free_threaded import Counter, Gauge, Histogram, Summary

Recorded = Callable[[Any], object]


class WatchedLock:
    """Notes the state of a series whenever it is taken and released."""

    def __init__(self, state: Callable[[], object]) -> None:
        self._state = state
        self.seen: list[object] = []

    def acquire(self) -> None:
        self.seen.append(self._state())

    release = acquire

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(
        self, typ: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()


@pytest.mark.parametrize(
    ("kind", "state", "record", "after"),
    [
        (Counter, "_value", lambda metric: metric.inc(), 1.0),
        (Counter, "_value", lambda metric: metric.inc(2, {"trace": "x"}), 2.0),
        (Gauge, "_value", lambda metric: metric.inc(), 1.0),
        (Gauge, "_value", lambda metric: metric.dec(3), -3.0),
        (Gauge, "_value", lambda metric: metric.set(7), 7.0),
        (Histogram, "_counts", lambda metric: metric.observe(20, {"trace": "x"}), [*[0] * 14, 1, 20.0]),
        (Summary, "_totals", lambda metric: metric.observe(4), [1, 4.0]),
    ],
)
def test_every_write_is_inside_the_lock(kind: Any, state: str, record: Recorded, after: object) -> None:
    metric = kind("m", "M.", registry=None)
    before = copy.copy(getattr(metric, state))
    metric._lock = lock = WatchedLock(lambda: copy.copy(getattr(metric, state)))
    record(metric)
    assert lock.seen == [before, after]
    assert getattr(metric, state) == after


def test_a_reset_is_inside_the_lock() -> None:
    counter: Any = Counter("c", "C.", registry=None)
    counter.inc(5)
    lock = counter._lock = WatchedLock(lambda: counter._value)
    counter.reset()
    assert lock.seen == [5.0, 0.0]
    assert counter._lock is lock


@pytest.mark.parametrize("kind", [Histogram, Summary])
def test_what_changes_in_two_steps_is_read_inside_the_lock(kind: Any) -> None:
    metric = kind("m", "M.", registry=None)
    metric._lock = lock = WatchedLock(lambda: "taken")
    metric._row()
    assert lock.seen == ["taken", "taken"]


@pytest.mark.parametrize("kind", [Counter, Gauge, Histogram, Summary])
def test_each_series_has_a_lock_of_its_own_that_its_thread_may_take_twice(kind: Any) -> None:
    metric = kind("m", "M.", ["label"], registry=None)
    one, two = metric.labels("one"), metric.labels("two")
    assert one._lock is not two._lock
    record = one.inc if hasattr(one, "inc") else lambda: one.observe(1)
    with one._lock:  # as if a signal came while recording, and its handler recorded too
        record()
    with pytest.raises(ValueError, match="missing label values"):
        metric.inc() if hasattr(metric, "inc") else metric.observe(1)


def test_an_error_releases_the_lock() -> None:
    counter = Counter("c", "C.", registry=None)
    with pytest.raises(ValueError, match="non-negative"):
        counter.inc(-1)
    thread = Thread(target=counter.inc)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("kind", [Counter, Gauge, Histogram, Summary])
def test_a_forked_child_records_although_a_thread_of_the_parent_held_the_lock(kind: Any) -> None:
    metric = kind("m", "M.", registry=CollectorRegistry())
    locked, done = threading.Event(), threading.Event()

    def hold() -> None:
        with metric._lock:
            locked.set()
            done.wait()

    holder = Thread(target=hold)
    holder.start()
    locked.wait()
    child = os.fork()
    if not child:
        recorded = metric._lock.acquire(blocking=False)
        os._exit(0 if recorded else 1)
    done.set()
    holder.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_an_interpreter_without_a_gil_gets_these_classes(python: Callable[..., str]) -> None:
    script = """
        import sys
        sys._is_gil_enabled = lambda: False
        import service_metrics
        kinds = (service_metrics.Counter, service_metrics.Gauge, service_metrics.Histogram, service_metrics.Summary)
        print([hasattr(kind("m", "M.", registry=None), "_lock") for kind in kinds])
    """
    assert python(script, PROMETHEUS_BACKEND="otel").strip() == str([True] * 4)
