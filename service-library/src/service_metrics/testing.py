"""Aids for the tests of services: a pytest plugin, opted into by `pytest_plugins = ["service_metrics.testing"]`.

    def test_an_order_counts(metrics_clock):
        with delta("orders_total", {"kind": "a"}, by=1), delta("order_seconds_sum", by=2.5):
            order("a", lambda: metrics_clock.advance(2.5))

Works on every backend, and around `await` as well.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from types import FrameType, TracebackType
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import prometheus_client.context_managers
import pytest

import service_metrics.asgi
import service_metrics.work  # noqa: F401  # so that the clock finds them, however late a service imports them
from service_metrics import http_metrics
from service_metrics.core import REGISTRY, CollectorRegistry, Metric

__all__ = ["Clock", "delta", "isolated_registry", "metrics_clock", "metrics_registry"]

_Key = tuple[str, tuple[tuple[str, str], ...]]

_OF_THE_PROCESS = ("process_", "python_", "service_metrics_")
"""What changes by itself."""
_SHOWN = 8


class Collects(Protocol):
    """What a change is looked for in: a registry, or a metric."""

    def collect(self) -> Iterable[Metric]: ...


class delta:  # reads as the verb of a test
    """By how much a series changes: in a `with` block, or from the making of the object on.

    A series that is not there counts as 0.

    Args:
        name: Name of the series as on the page: `orders_total`, `order_seconds_count`.
        labels: All of its labels.
        by: What the change in the block must be; None lets the test read `value`. Sums of fractions may differ in the
            last digits; `pytest.approx` is taken too.
        registry: Where to look; a metric will do.

    Raises:
        AssertionError: at the end of the block, the change is another one; it says what changed instead. An exception
            from the block itself passes through.
    """

    def __init__(
        self,
        name: str,
        labels: Mapping[str, object] | None = None,
        *,
        by: Any = None,
        registry: Collects = REGISTRY,
    ) -> None:
        self._key: _Key = (name, _sorted({key: str(value) for key, value in (labels or {}).items()}))
        self._by = by
        self._registry = registry
        self._before = _values(registry)
        self._after: dict[_Key, float] | None = None

    @property
    def value(self) -> float:
        """The change so far; after the block, the change in the block."""
        after = _values(self._registry) if self._after is None else self._after
        return after.get(self._key, 0.0) - self._before.get(self._key, 0.0)

    def __enter__(self) -> delta:
        self._before, self._after = _values(self._registry), None
        return self

    def __exit__(
        self, typ: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        __tracebackhide__ = True
        self._after = _values(self._registry)
        if typ is None and self._by is not None and not _is(self.value, self._by):
            raise AssertionError(self._explained(self._after))

    def _explained(self, after: dict[_Key, float]) -> str:
        name = self._key[0]
        sentences = [f"{_written(self._key)} changed by {self.value:g}, not by {self._by}."]
        changes = {
            key: after.get(key, 0.0) - self._before.get(key, 0.0)
            for key in {**self._before, **after}
            if key != self._key and not key[0].startswith(_OF_THE_PROCESS) and not key[0].endswith("_created")
        }
        changed = [key for key, change in changes.items() if change != 0]
        changed.sort(key=lambda key: key[0] != name)  # the same name with other labels comes first
        sentences += ["What changed instead:"] if changed else ["No other series changed."]
        sentences += [f"  {_written(key)} by {changes[key]:g}" for key in changed[:_SHOWN]]
        sentences += [f"  and {len(changed) - _SHOWN} more"] if len(changed) > _SHOWN else []
        if self._key not in after:
            names = {key[0] for key in after}
            near = [name] if name in names else get_close_matches(name, names, n=3, cutoff=0.7)
            near += sorted(f for f in names if f != name and f.startswith(f"{name}_"))
            there = [key for wanted in near for key in [k for k in after if k[0] == wanted and k not in changed][:3]]
            sentences += [f"There is no series {_written(self._key)}" + ("; near it:" if there else ".")]
            sentences += [f"  {_written(key)}" for key in there[:_SHOWN]]
        return "\n".join(sentences)


def _is(change: float, by: Any) -> bool:
    return change == (pytest.approx(by, rel=1e-9, abs=1e-9, nan_ok=True) if isinstance(by, (int, float)) else by)


def _values(registry: Collects) -> dict[_Key, float]:
    return {
        (sample.name, _sorted(sample.labels)): sample.value
        for family in registry.collect()
        for sample in family.samples
    }


def _sorted(labels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(labels.items()))


def _written(key: _Key) -> str:
    name, labels = key
    inside = ",".join(f'{label}="{value}"' for label, value in labels)
    return f"{name}{{{inside}}}" if inside else name


class Clock:
    """A clock that stands still until it is advanced."""

    def __init__(self) -> None:
        self._start = time.time()
        self._elapsed = 0.0

    @property
    def now(self) -> float:
        """Unix time in seconds."""
        return self._start + self._elapsed

    def advance(self, seconds: float) -> None:
        """Let this much time pass.

        Raises:
            ValueError: the seconds are negative.
        """
        if seconds < 0:
            raise ValueError(f"The clock cannot go back by {-seconds} seconds.")
        self._elapsed += seconds


@pytest.fixture
def metrics_clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock for timers, `_created`, exemplars and durations of requests and messages, which begins at the present time.

    `time.time()` stands still too, for everything in the process.
    """
    clock = Clock()
    monkeypatch.setattr(time, "time", lambda: clock.now)
    # From zero, so that what is subtracted comes out exact.
    monkeypatch.setattr(prometheus_client.context_managers, "default_timer", lambda: clock._elapsed)
    for name, module in list(sys.modules.items()):
        if name.startswith("service_metrics.") and vars(module).get("perf_counter") is time.perf_counter:
            monkeypatch.setattr(module, "perf_counter", lambda: clock._elapsed)
    return clock


@pytest.fixture
def metrics_registry() -> CollectorRegistry:
    """A registry of the test's own, for code that takes one: `Counter(..., registry=metrics_registry)`."""
    return CollectorRegistry(auto_describe=True)


@pytest.fixture
def isolated_registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[CollectorRegistry]:
    """REGISTRY, as it was again after the test: what the test registers is taken out, what it takes out is put back.

    For code that makes metrics each time it runs, such as a function that builds the application. What a module
    registers while it is imported stays, as that happens once. Values stay too, because the code holds on to its
    metrics: compare them with `delta`.
    """
    added: dict[int, Any] = {}
    removed: dict[int, Any] = {}
    register, unregister = REGISTRY.register, REGISTRY.unregister

    def watched_register(collector: Any) -> None:
        register(collector)
        if removed.pop(id(collector), None) is None and not _importing(sys._getframe()):
            added[id(collector)] = collector

    def watched_unregister(collector: Any) -> None:
        unregister(collector)
        if added.pop(id(collector), None) is None:
            removed[id(collector)] = collector

    monkeypatch.setattr(REGISTRY, "register", watched_register)
    monkeypatch.setattr(REGISTRY, "unregister", watched_unregister)
    # The HTTP metrics are made once a registry: those of the test are forgotten with it.
    made = {registry: dict(by_prefix) for registry, by_prefix in http_metrics._made.items()}
    monkeypatch.setattr(http_metrics, "_made", WeakKeyDictionary(made))
    monkeypatch.setattr(http_metrics, "_made_label_errors", http_metrics._made_label_errors.copy())
    yield REGISTRY
    for collector in added.values():
        unregister(collector)
    for collector in removed.values():
        register(collector)


def _importing(frame: FrameType | None) -> bool:
    """Whether this frame, or one that has led to it, runs a module that is being imported."""
    in_module = False
    while frame is not None:
        if in_module and "importlib" in frame.f_code.co_filename:
            return True
        in_module = in_module or frame.f_code.co_name == "<module>"
        frame = frame.f_back
    return False
