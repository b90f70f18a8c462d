"""What remains different between the backends, each shown on all of them; docs/library.md quotes the reasons.

A difference that goes away fails here, and so does one that somebody adds to only one side.
"""

from __future__ import annotations

import asyncio
import enum
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import prometheus_client
import pytest
from prometheus_client import CollectorRegistry

Api = SimpleNamespace


@dataclass(frozen=True)
class Difference:
    """Attributes:
    reason: A sentence for the documentation.
    shown: Shows it, given the metric classes and a registry.
    prometheus, otel, shadow: What comes out.
    """

    reason: str
    shown: Callable[[Api, CollectorRegistry], Any]
    prometheus: Any
    otel: Any
    shadow: Any


def coroutines(api: Api, registry: CollectorRegistry) -> Any:
    gauge = api.Gauge("in_progress", "I.", registry=registry)

    @gauge.track_inprogress()  # type: ignore[untyped-decorator]
    async def work() -> Any:
        return registry.get_sample_value("in_progress")

    return asyncio.run(work())


def most_recent(api: Api, registry: CollectorRegistry) -> Any:
    gauge = api.Gauge("g", "G.", multiprocess_mode="mostrecent", registry=registry)
    with suppress(RuntimeError):
        gauge.inc()
    return registry.get_sample_value("g")


class Kind(str, enum.Enum):
    READ = "read"


def texts_that_print_otherwise(api: Api, registry: CollectorRegistry) -> Any:
    counter = api.Counter("c", "C.", ["kind"], registry=registry)
    counter.labels("read").inc()
    counter.labels(Kind.READ).inc()
    return registry.get_sample_value("c_total", {"kind": "read"})


def a_failed_observation(api: Api, registry: CollectorRegistry) -> Any:
    summary = api.Summary("s", "S.", registry=registry)
    with pytest.raises(TypeError):
        summary.observe("1")
    return registry.get_sample_value("s_count")


def ancestry(api: Api, registry: CollectorRegistry) -> Any:
    counter = api.Counter("c", "C.", registry=registry)
    return [isinstance(counter, prometheus_client.Counter), hasattr(counter, "_original_name")]


def representation(api: Api, registry: CollectorRegistry) -> Any:
    return repr(api.Counter("c", "C.", registry=registry))


DIFFERENCES = {
    "coroutines": Difference(
        "`time`, `track_inprogress` and `count_exceptions` on `async def` measure to its end; prometheus_client's measure "
        "the making of the coroutine.",
        coroutines,
        prometheus=0,
        otel=1,
        shadow=0,
    ),
    "mostrecent": Difference(
        "`multiprocess_mode` is checked and otherwise ignored, so `mostrecent` gauges may be incremented.",
        most_recent,
        prometheus=0,
        otel=1,
        shadow=0,
    ),
    "texts": Difference(
        "A label value of a `str` subclass whose `str()` is not its own text (`class Kind(str, Enum)`) must not be mixed "
        "with that plain text on one label: pass `Kind.READ.value`.",
        texts_that_print_otherwise,
        prometheus=1,
        otel=2,
        shadow=1,
    ),
    "failed observation": Difference(
        "An observation that is no number changes nothing; prometheus_client's summaries have counted it before they fail.",
        a_failed_observation,
        prometheus=1,
        otel=0,
        shadow=1,
    ),
    "ancestry": Difference(
        "Metrics are no instances of prometheus_client's classes, and private attributes differ.",
        ancestry,
        prometheus=[True, True],
        otel=[False, False],
        shadow=[True, True],
    ),
    "repr": Difference(
        "`repr()` names the package a metric was imported from.",
        representation,
        prometheus="prometheus_client.metrics.Counter(c)",
        otel="service_metrics.metrics.Counter(c)",
        shadow="service_metrics.metrics.Counter(c)",
    ),
}


@pytest.mark.parametrize("name", DIFFERENCES)
def test_it_is_there_and_as_described(name: str, backends: dict[str, Api]) -> None:
    difference = DIFFERENCES[name]
    for backend, api in backends.items():
        kind = backend.partition(" ")[0]
        assert difference.shown(api, CollectorRegistry()) == getattr(difference, kind), backend
    assert difference.otel != difference.prometheus


FORKED = """
    import os
    import service_metrics
    counter = service_metrics.Counter("c", "C.")
    counter.inc(5)
    if os.fork() == 0:
        counter.inc()
        os.write(1, str(service_metrics.REGISTRY.get_sample_value("c_total")).encode())
        os._exit(0)
    os.wait()
"""


@pytest.mark.parametrize(("backend", "expected"), [("prometheus", 6), ("otel", 1), ("shadow", 6)])
def test_a_forked_child_starts_from_zero_with_otel_only(
    backend: str, expected: int, python: Callable[..., str]
) -> None:
    assert json.loads(python(FORKED, PROMETHEUS_BACKEND=backend)) == expected
