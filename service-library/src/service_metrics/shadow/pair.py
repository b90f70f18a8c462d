"""One series on both backends: how an operation reaches the two, and how a reader knows that neither is in the middle."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from functools import wraps
from threading import RLock
from typing import Any

from service_metrics.budget.ration import OVERFLOW
from service_metrics.recording import HAS_GIL
from service_metrics.shadow.findings import report

Key = tuple[str, tuple[tuple[str, str], ...]]
"""Name and labels of a sample."""

_NO_LOCK = nullcontext()
_NOT_AHEAD: Mapping[Key, tuple[float, object]] = {}


class Pair:
    """What a prometheus_client metric or child knows of its counterpart.

    Adding commutes, so additions of several threads reach the two sides in any order and without a lock: that the
    core counts exactly without one is what a service wants proved. Everything else (a gauge's `set`, exemplars, states)
    depends on the order and takes the lock.

    Attributes:
        ours: The counterpart; None where it could not be made.
        lock: Serialises operations whose order matters, and on a parent the making and removing of children.
        begun, ended: Operations so far; they differ while one is under way. Exact as the cells are (with a GIL; without
            one every operation takes the lock).
        inherited: This is a forked child, where prometheus_client has kept its parent's values and ours begins at zero.
        base: By how much prometheus_client is ahead for that reason.
    """

    __slots__ = ("base", "begun", "ended", "inherited", "lock", "ours")

    def __init__(self, ours: Any) -> None:
        self.ours = ours
        self.base: Mapping[Key, tuple[float, object]] = _NOT_AHEAD
        self.begin()
        self.inherited = False

    def begin(self) -> None:
        """Have nothing under way; in a forked child that forgets what other threads of the parent were doing."""
        self.lock = RLock()  # a signal handler may record while its own thread does
        self.begun = self.ended = 0


def attempt(function: Callable[..., Any], *args: Any, **kwargs: Any) -> tuple[Any, Exception | None]:
    """Return what a call returned and what it raised."""
    try:
        return function(*args, **kwargs), None
    except Exception as error:
        return None, error


def compare_outcomes(metric: Any, operation: str, theirs: Exception | None, ours: Exception | None) -> None:
    """Report where one side raises and the other does not, or something else."""
    if type(theirs) is type(ours):
        return
    values = dict(zip(metric._labelnames, metric._labelvalues, strict=False))
    subject = f"the outcome of {metric._name}{values or ''}.{operation}()"
    report(metric._name, (subject, type(theirs), type(ours)), subject, repr(theirs), repr(ours))


def _end(metric: Any, operation: str, theirs: Exception | None, ours: Exception | None) -> None:
    compare_outcomes(metric, operation, theirs, ours)
    try:
        if theirs is not None:
            raise theirs
    finally:
        del theirs, ours  # they hold this frame, which would hold them


def both(theirs: Callable[..., Any], *, in_order: bool, replaces: bool = False) -> Callable[..., Any]:
    """Return a method that records on both sides and has prometheus_client's outcome.

    Args:
        theirs: prometheus_client's method.
        in_order: Calls do not commute.
        replaces: The value before does not matter after it.
    """
    name = theirs.__name__
    always = in_order or not HAS_GIL

    @wraps(theirs)
    def operation(self: Any, *args: Any, **kwargs: Any) -> None:
        pair = self._pair
        if pair.ours is None:
            theirs(self, *args, **kwargs)
            return
        if pair.inherited:
            self._take_base()
        failure = other = None
        with pair.lock if always or kwargs or len(args) > 1 else _NO_LOCK:  # more than the amount is an exemplar
            pair.begun += 1
            try:
                theirs(self, *args, **kwargs)
            except Exception as error:
                failure = error
            try:
                getattr(pair.ours, name)(*args, **kwargs)
            except Exception as error:
                other = error
            if replaces and failure is None:
                pair.base = _NOT_AHEAD
            pair.ended += 1
        if failure is not None or other is not None:
            _end(self, name, failure, other)

    return operation


def both_children(theirs: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method that makes or removes children on both sides, in one step for all threads."""
    name = theirs.__name__

    @wraps(theirs)
    def operation(self: Any, *args: Any, **kwargs: Any) -> Any:
        pair = self._pair
        with pair.lock:
            child, failure = attempt(theirs, self, *args, **kwargs)
            counterpart, other = None, failure
            if child is not None and OVERFLOW in child._labelvalues:  # theirs decides what has a series of its own
                args, kwargs = child._labelvalues, {}
            if pair.ours is not None:
                counterpart, other = attempt(getattr(pair.ours, name), *args, **kwargs)
            if child is not None and child._pair is None:
                child._pair = Pair(counterpart)
        if failure is not None or other is not None:
            _end(self, name, failure, other)
        return child

    return operation
