"""The metric classes of backend `shadow`.

Each is a subclass of prometheus_client's class, so whatever a service does with it works as before; the few methods that
change a value or the children reach both sides. Timers, decorators and `set_to_current_time` are prometheus_client's
own: they measure once and call one of these methods.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import Any
from weakref import WeakSet

import prometheus_client
from prometheus_client import REGISTRY, Metric
from prometheus_client.samples import Sample

from service_metrics.budget.children import be_rationed, keeping_children
from service_metrics.recording import HAS_GIL
from service_metrics.recording.counter import Counter as OurCounter
from service_metrics.recording.enum import Enum as OurEnum
from service_metrics.recording.gauge import Gauge as OurGauge
from service_metrics.recording.histogram import Histogram as OurHistogram
from service_metrics.recording.info import Info as OurInfo
from service_metrics.recording.summary import Summary as OurSummary
from service_metrics.shadow.comparison import base_of, compare
from service_metrics.shadow.findings import FINDINGS
from service_metrics.shadow.pair import Pair, attempt, both, both_children, compare_outcomes

_MODULE = "service_metrics.metrics"  # where prometheus_client has its classes, and what repr shows
_live: WeakSet[_Shadowed] = WeakSet()


class _Shadowed:
    """What the six classes share. prometheus_client makes children by calling the class with `_labelvalues`."""

    _pair: Pair
    _name: str
    _labelvalues: tuple[str, ...]
    _child_samples: Callable[[], Iterable[Sample]]

    def _samples_again(self) -> Iterable[Sample]:
        """Return what this child holds now, on prometheus_client's side, without asking anybody else."""
        return self._child_samples()

    def _take_base(self) -> None:
        """In a forked child, before anything is recorded or compared: see by how much prometheus_client is ahead."""
        with self._pair.lock:
            if self._pair.inherited:
                self._pair.base = attempt(base_of, self)[0] or {}
                self._pair.inherited = False

    def _children(self) -> dict[tuple[str, ...], _Shadowed]:
        """Return prometheus_client's children; what has no label names is its own."""
        if "_metrics" not in vars(self):
            return {(): self}
        with self._pair.lock:
            return dict(self._metrics)  # type: ignore[attr-defined]  # prometheus_client's parents have it


def _shadowed(theirs: type[Any], ours: type[Any]) -> Callable[[type[Any]], type[Any]]:
    """Give a class what makes, registers and reads both metrics."""
    if not HAS_GIL:
        from service_metrics.recording import free_threaded

        ours = getattr(free_threaded, ours.__name__)
    signature = inspect.signature(theirs.__init__)

    @wraps(theirs.__init__)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        self._pair = None
        if "_labelvalues" in kwargs:
            theirs.__init__(self, *args, **kwargs)  # a child; `labels()` pairs it
            return
        arguments = signature.bind(self, *args, **kwargs).arguments
        del arguments["self"]
        registry = arguments.pop("registry", REGISTRY)
        for name, value in arguments.items():
            if isinstance(value, Iterator):
                arguments[name] = tuple(value)  # it can be read once only
        _, failure = attempt(theirs.__init__, self, **arguments, registry=None)
        counterpart, other = attempt(ours, **arguments, registry=None)
        self._pair = Pair(counterpart)
        self._name = getattr(self, "_name", arguments["name"])
        self._labelnames = getattr(self, "_labelnames", ())
        self._labelvalues = ()
        compare_outcomes(self, "__init__", failure, other)
        if failure is not None:
            raise failure
        _live.add(self)
        if registry:
            registry.register(self)
            be_rationed(self, registry)
        if registry is REGISTRY:
            FINDINGS.be_last()

    def collect(self: Any) -> Iterable[Metric]:
        families = theirs.collect(self)
        if self._pair is not None and not self._labelvalues:
            compare(self, families)
        return families  # type: ignore[no-any-return]

    def complete(cls: type[Any]) -> type[Any]:
        cls.__init__ = __init__
        cls.collect = collect
        for name in ("labels", "remove", "remove_by_labels"):
            setattr(cls, name, both_children(getattr(theirs, name)))
        cls.clear = both_children(keeping_children(theirs.clear))
        return cls

    return complete


@_shadowed(prometheus_client.Counter, OurCounter)
class Counter(_Shadowed, prometheus_client.Counter):
    __module__ = _MODULE
    inc = both(prometheus_client.Counter.inc, in_order=False)
    reset = both(prometheus_client.Counter.reset, in_order=True, replaces=True)


@_shadowed(prometheus_client.Gauge, OurGauge)
class Gauge(_Shadowed, prometheus_client.Gauge):
    __module__ = _MODULE
    inc = both(prometheus_client.Gauge.inc, in_order=True)
    dec = both(prometheus_client.Gauge.dec, in_order=True)
    set = both(prometheus_client.Gauge.set, in_order=True, replaces=True)
    _answer: float | None = None
    _set_function = both(prometheus_client.Gauge.set_function, in_order=True, replaces=True)

    def set_function(self, f: Callable[[], float]) -> None:
        """Ask `f` at each scrape, once for both sides."""

        def asked() -> float:
            self._answer = float(f())
            self._pair.begun += 1  # an operation like the others: who compares at this moment looks again
            self._pair.ended += 1
            return self._answer

        self._answer = 0.0
        self._set_function(asked)
        if self._pair.ours is not None:
            attempt(self._pair.ours.set_function, lambda: self._answer)  # one question, one answer for both

    def _samples_again(self) -> Iterable[Sample]:
        if self._answer is None:
            return self._child_samples()
        return (Sample("", {}, self._answer, None, None, None),)


@_shadowed(prometheus_client.Summary, OurSummary)
class Summary(_Shadowed, prometheus_client.Summary):
    __module__ = _MODULE
    observe = both(prometheus_client.Summary.observe, in_order=False)


@_shadowed(prometheus_client.Histogram, OurHistogram)
class Histogram(_Shadowed, prometheus_client.Histogram):
    __module__ = _MODULE
    observe = both(prometheus_client.Histogram.observe, in_order=False)


@_shadowed(prometheus_client.Info, OurInfo)
class Info(_Shadowed, prometheus_client.Info):
    __module__ = _MODULE
    info = both(prometheus_client.Info.info, in_order=True)


@_shadowed(prometheus_client.Enum, OurEnum)
class Enum(_Shadowed, prometheus_client.Enum):
    __module__ = _MODULE
    state = both(prometheus_client.Enum.state, in_order=True)


def _begin_in_child() -> None:
    """Runs in a forked child; must not log or wait for a lock."""
    for metric in list(_live):
        metric._pair.begin()
        for child in vars(metric)["_metrics"].values() if "_metrics" in vars(metric) else (metric,):
            if child._pair is not None:  # another thread of the parent was about to pair it
                child._pair.begin()
                child._pair.inherited = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_in_child)
