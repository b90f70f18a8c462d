"""The metric classes for CPython builds without a GIL, where two threads do run between a read and a write.

Each child has a lock of its own, so threads wait for each other only where they record on the same series. The lock is
re-entrant: a signal handler or a finalizer that records on the series its thread is recording on must not wait for
itself. `labels()` takes no lock here either: a dict may be read while another thread changes it. A forked child gets new
locks with its new cells, as a thread of the parent may have held one.

`service_metrics.backend` chooses these where the interpreter says that it runs without a GIL. Enum and Info hold one
reference, which is replaced as a whole: they need no lock. The methods are written out, as `super()` costs more than a
lock, and so does `with`; what they do is documented in `service_metrics.recording.cells`.
"""

from __future__ import annotations

from bisect import bisect_left
from threading import RLock
from typing import Any

from service_metrics.recording import counter, gauge, histogram, summary
from service_metrics.recording.cells import Row, as_float
from service_metrics.recording.enum import Enum
from service_metrics.recording.exemplar import make_exemplar
from service_metrics.recording.info import Info

__all__ = ["Counter", "Enum", "Gauge", "Histogram", "Info", "Summary"]


class Counter(counter.Counter):
    """A counter whose children have a lock each."""

    __slots__ = ("_lock",)
    __module__ = counter.Counter.__module__

    def _start(self) -> None:
        super()._start()
        self._lock = RLock()

    def inc(self, amount: Any = 1.0, exemplar: dict[str, str] | None = None) -> None:
        if amount.__class__ is not float:
            amount = as_float(amount)
        try:
            lock = self._lock
        except AttributeError:
            raise self._missing_labels() from None
        if amount < 0.0:
            raise ValueError("Counters can only be incremented by non-negative amounts.")
        lock.acquire()
        try:
            self._value += amount
        finally:
            lock.release()
        if exemplar:
            self._exemplar = make_exemplar(exemplar, amount)

    def reset(self) -> None:
        self._require_cell()
        with self._lock:
            super()._start()


class Gauge(gauge.Gauge):
    """A gauge whose children have a lock each; `set` takes it too, or an `inc` on its way would undo it."""

    __slots__ = ("_lock",)
    __module__ = gauge.Gauge.__module__

    def _start(self) -> None:
        super()._start()
        self._lock = RLock()

    def _zero(self) -> None:
        super()._zero()
        self._lock = RLock()

    def inc(self, amount: Any = 1.0) -> None:
        if amount.__class__ is not float:
            amount = as_float(amount)
        try:
            lock = self._lock
        except AttributeError:
            raise self._missing_labels() from None
        lock.acquire()
        try:
            self._value += amount
        finally:
            lock.release()

    def dec(self, amount: Any = 1.0) -> None:
        self.inc(-as_float(amount))

    def set(self, value: Any) -> None:
        self._require_cell()
        value = float(value)
        with self._lock:
            self._value = value


class Histogram(histogram.Histogram):
    """A histogram whose children have a lock each, also to be read: bucket and sum change one after the other."""

    __slots__ = ("_lock",)
    __module__ = histogram.Histogram.__module__

    def _start(self) -> None:
        super()._start()
        self._lock = RLock()

    def observe(self, amount: Any, exemplar: dict[str, str] | None = None) -> None:
        if amount.__class__ is not float:
            amount = as_float(amount)
        try:
            lock = self._lock
        except AttributeError:
            raise self._missing_labels() from None
        bucket = bisect_left(self._bounds, amount)
        counts = self._counts
        lock.acquire()
        try:
            counts[-1] += amount
            if amount == amount:  # noqa: PLR0124  # not NaN, which only spoils the sum
                counts[bucket] += 1
                if exemplar:
                    self._exemplars = {**(self._exemplars or {}), bucket: make_exemplar(exemplar, amount)}
        finally:
            lock.release()

    def _row(self) -> Row:
        with self._lock:
            return super()._row()


class Summary(summary.Summary):
    """A summary whose children have a lock each, also to be read: count and sum change one after the other."""

    __slots__ = ("_lock",)
    __module__ = summary.Summary.__module__

    def _start(self) -> None:
        super()._start()
        self._lock = RLock()

    def observe(self, amount: Any) -> None:
        if amount.__class__ is not float:
            amount = as_float(amount)
        try:
            lock = self._lock
        except AttributeError:
            raise self._missing_labels() from None
        totals = self._totals
        lock.acquire()
        try:
            totals[0] += 1
            totals[1] += amount
        finally:
            lock.release()

    def _row(self) -> Row:
        with self._lock:
            return super()._row()
