"""Timing, counting and gauging a block or a function, `async def` included.

prometheus_client's decorators call the function and are done; for a coroutine function that measures the making of the
coroutine object. These await it. Generators and async generators are measured until they are made, as there.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from functools import wraps
from time import perf_counter
from types import TracebackType
from typing import Any, Literal, Protocol, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

ExceptionTypes = type[BaseException] | tuple[type[BaseException], ...]


class _Increasing(Protocol):
    def inc(self) -> None: ...


class _InAndDecreasing(_Increasing, Protocol):
    def dec(self) -> None: ...


def _around(function: F, block: Callable[[], AbstractContextManager[object]]) -> F:
    """Return `function` with every call inside a block of its own, and with its signature."""
    wrapped = _wrapped(function, block)
    with suppress(ValueError, TypeError):  # some functions written in C do not tell theirs
        wrapped.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]
    return wrapped


def _wrapped(function: F, block: Callable[[], AbstractContextManager[object]]) -> F:
    if inspect.iscoroutinefunction(function):

        @wraps(function)
        async def measured_coroutine(*args: Any, **kwargs: Any) -> Any:
            with block():
                return await function(*args, **kwargs)

        return measured_coroutine  # type: ignore[return-value]

    @wraps(function)
    def measured(*args: Any, **kwargs: Any) -> Any:
        with block():
            return function(*args, **kwargs)

    return measured  # type: ignore[return-value]


class Timer:
    """Gives the seconds of a block or of each call to a metric, also when it ends in an exception.

    One timer decorates safely for many threads and recursive calls; as a block, use one timer a block.

    Attributes:
        duration: Seconds of the last block, None before its end.
    """

    def __init__(self, metric: Any, callback_name: str) -> None:
        self._metric = metric
        self._callback_name = callback_name
        self._started = 0.0
        self.duration: float | None = None

    def __enter__(self) -> Timer:
        self._started = perf_counter()
        return self

    def __exit__(
        self, typ: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.duration = max(perf_counter() - self._started, 0.0)
        getattr(self._metric, self._callback_name)(self.duration)

    def labels(self, *args: object, **kw: object) -> None:
        """Choose the child inside the block, once its label values are known."""
        self._metric = self._metric.labels(*args, **kw)

    def __call__(self, f: F) -> F:
        return _around(f, lambda: Timer(self._metric, self._callback_name))


class InprogressTracker:
    """Adds one to a gauge while a block or call runs. Safe in threads."""

    def __init__(self, gauge: _InAndDecreasing) -> None:
        self._gauge = gauge

    def __enter__(self) -> None:
        self._gauge.inc()

    def __exit__(
        self, typ: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._gauge.dec()

    def __call__(self, f: F) -> F:
        return _around(f, lambda: self)


class ExceptionCounter:
    """Counts exceptions of given types that leave a block or call. Safe in threads."""

    def __init__(self, counter: _Increasing, exception: ExceptionTypes) -> None:
        self._counter = counter
        self._exception = exception

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, typ: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> Literal[False]:
        if isinstance(value, self._exception):
            self._counter.inc()
        return False

    def __call__(self, f: F) -> F:
        return _around(f, lambda: self)
