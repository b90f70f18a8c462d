"""The figures of a run that are noisy: they are compared with an earlier run's, and drawn.

They are part of the verdict document, so what was promoted last can be compared with what comes next. Long series are thinned
evenly, never averaged: a comparison needs samples, and a mean hides the peak.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain, pairwise
from statistics import median
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field

from promotion_gate.evidence import CpuUse, Evidence, Missing

MIB = 1024 * 1024
KEPT_LATENCIES = 600
KEPT_OF_A_POD = 120
CPU_SLOT_SECONDS = 0.9
"""Over which CPU use is reckoned, at least: shorter and the clock's ticks show; a whole second would lose every other sample of a
cluster's, which come a second apart, more or less."""

Series = tuple[tuple[float, float], ...]
"""(seconds since the start, value)."""

T = TypeVar("T")


class Measurements(BaseModel):
    """What was measured; each series in the order of time."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    latency_ms: Series = Field(default=(), description="seconds since the first request, milliseconds until the answer")
    memory_mib: Mapping[str, Series] = Field(default={}, description="by pod: seconds since the start, MiB")
    memory_limit_mib: float | None = None
    cpu_cores: Mapping[str, Series] = Field(default={}, description="by pod: seconds since the start, cores used")


def measurements(evidence: Evidence, memory_limit: int | None) -> Measurements:
    """The noisy figures of the evidence; what is Missing has no samples."""
    traffic, memory, cpu = evidence.traffic, evidence.memory, evidence.cpu
    latencies = () if isinstance(traffic, Missing) else traffic.latencies
    return Measurements(
        latency_ms=tuple((round(at, 2), round(took * 1000, 2)) for at, took in thinned(latencies, KEPT_LATENCIES)),
        memory_mib={
            use.pod: tuple((at, round(size / MIB, 1)) for at, size in thinned(use.samples, KEPT_OF_A_POD))
            for use in (() if isinstance(memory, Missing) else memory)
        },
        memory_limit_mib=round(memory_limit / MIB, 1) if memory_limit else None,
        # Thinned before: what was used between two samples that stay is in the second, so nothing of it is lost.
        cpu_cores={
            use.pod: cores(replace(use, samples=thinned(use.samples, KEPT_OF_A_POD + 1)))
            for use in (() if isinstance(cpu, Missing) else cpu)
        },
    )


def medians(measured: Measurements) -> dict[str, float]:
    """Of each figure that has samples, over all pods: latency in ms, memory in MiB, cpu in cores."""
    series = {
        "latency": measured.latency_ms,
        "memory": tuple(chain.from_iterable(measured.memory_mib.values())),
        "cpu": tuple(chain.from_iterable(measured.cpu_cores.values())),
    }
    return {figure: round(median(value for _, value in samples), 4) for figure, samples in series.items() if samples}


def thinned(samples: Sequence[T], most: int) -> tuple[T, ...]:
    """At most `most` of the samples, evenly, the last one always."""
    if len(samples) <= most:
        return tuple(samples)
    step = len(samples) / most
    return tuple(samples[min(len(samples) - 1, int((n + 1) * step) - 1)] for n in range(most))


def cores(use: CpuUse) -> Series:
    """The cores that a pod used, between samples that lie a slot apart; none across a restart, where the clock begins again."""
    slots: list[tuple[float, float]] = []
    for sample in use.samples:
        if not slots or sample[0] - slots[-1][0] >= CPU_SLOT_SECONDS:
            slots.append(sample)
    return tuple(
        (end, round((used_then - used) / (end - begin), 4))
        for (begin, used), (end, used_then) in pairwise(slots)
        if used_then >= used
    )
