"""What the comparisons with the release promoted last make of measurements."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from ci.gate.tests.changes import FAIL, GONE, INCONCLUSIVE, PASS, Change, Row, assert_concludes, both, good, seen
from promotion_gate.checks.check import Subject
from promotion_gate.evidence import CpuUse, MemoryUse, Missing, Traffic
from promotion_gate.measurements import Measurements
from promotion_gate.policy import Regression

LATENCY, MEMORY, CPU = "latency-regression", "memory-regression", "cpu-regression"
MIB = 1024 * 1024


def took(*milliseconds: float) -> Change:
    """Answers came after so long."""
    latencies = tuple((float(n), value / 1000) for n, value in enumerate(milliseconds))
    return seen(traffic=Traffic(len(latencies), {200: len(latencies)}, latencies=latencies))


def used(*pods: Sequence[float]) -> Change:
    """Pods, of names that no other release's have, had so many MiB, sampled once a second."""
    return seen(
        memory=tuple(
            MemoryUse(f"new-{nth}", tuple((float(second), int(size * MIB)) for second, size in enumerate(pod)))
            for nth, pod in enumerate(pods)
        )
    )


def burnt(*pods: Sequence[float]) -> Change:
    """Pods used so many cores, in each second after the other."""
    return seen(
        cpu=tuple(
            CpuUse(f"new-{nth}", tuple((float(second), sum(pod[:second])) for second in range(len(pod) + 1)))
            for nth, pod in enumerate(pods)
        )
    )


def baseline(**fields: Any) -> Change:
    """The release promoted last measured other things."""
    return lambda subject: replace(subject, baseline=Measurements(**fields))


def before(**series: Sequence[float]) -> Change:
    """The release promoted last had one pod with these values, one a second; latencies are a series of their own."""
    timed: dict[str, Any] = {
        name: tuple((float(n), v) for n, v in enumerate(values)) for name, values in series.items()
    }
    return baseline(**{name: values if name == "latency_ms" else {"old": values} for name, values in timed.items()})


def thresholds(**fields: Any) -> Change:
    return lambda subject: replace(subject, regression=Regression(**fields))


def never_promoted(subject: Subject) -> Subject:
    return replace(subject, baseline=Missing("no release was promoted before"))


def noise(middle: float, spread: float, count: int, seed: int = 7) -> tuple[float, ...]:
    draw = random.Random(seed)
    return tuple(round(max(0.01, draw.gauss(middle, spread)), 3) for _ in range(count))


ROUNDS = tuple([0.8, 0.1, 0.02, 0.02, 0.02] * 8)
"""The gate sends for a second and a little, and then nothing for the rest of five."""
DEARER = tuple([1.0, 1.0, 0.4, 0.02, 0.02] * 8)
"""What a request costs twice as much looks like: most seconds are as they were."""
# fmt: off
ROWS = [
    Row(LATENCY, "good", good, PASS, "median 13 ms, 13 ms before (+0%)"),
    Row(LATENCY, "another draw", both(before(latency_ms=noise(20, 4, 300)), took(*noise(20, 4, 300, 8))), PASS, "before"),
    Row(LATENCY, "twice as long", both(before(latency_ms=noise(20, 4, 300)), took(*noise(40, 8, 300, 8))), FAIL, "(+98%)"),
    Row(LATENCY, "what was compared", both(before(latency_ms=[20] * 60), took(*[40] * 59, 41)), FAIL, "60 and 60 samples, p 8"),
    Row(LATENCY, "and how large the effect is", both(before(latency_ms=[20] * 60), took(*[40] * 59, 41)), FAIL, "Cliff's delta 1.00"),
    Row(LATENCY, "half as long", both(before(latency_ms=noise(40, 8, 300)), took(*noise(20, 4, 300, 8))), PASS, "before (-50%)"),
    Row(LATENCY, "a little longer, however sure", both(before(latency_ms=[20] * 600), took(*[29] * 599, 30)), PASS, "(+45%)"),
    Row(LATENCY, "at the tolerance", both(before(latency_ms=[20] * 60), took(*[30] * 59, 31)), PASS, "(+50%)"),
    Row(LATENCY, "above it", both(before(latency_ms=[20] * 60), took(*[30.1] * 59, 31)), FAIL, "median 30.1 ms, 20 ms before"),
    Row(LATENCY, "much of very little", both(before(latency_ms=[2] * 60), took(*[6] * 59, 7)), PASS, "(+200%)"),
    Row(LATENCY, "a small effect", both(before(latency_ms=[10, 90] * 50), took(*[10] * 40, *[90] * 60)), PASS, "before"),
    Row(LATENCY, "a median that jumps in a wide spread", both(before(latency_ms=range(10, 30)), took(*range(18, 58, 2))), FAIL, "before"),
    Row(LATENCY, "both constant, and the same", both(before(latency_ms=[20] * 60), took(*[20] * 60)), PASS, "(+0%)"),
    Row(LATENCY, "both constant, within the tolerance", both(before(latency_ms=[20] * 60), took(*[30] * 60)), PASS, "(+50%)"),
    Row(LATENCY, "both constant, above it", both(before(latency_ms=[20] * 60), took(*[31] * 60)), FAIL, "both constant"),
    Row(LATENCY, "both constant, and better", both(before(latency_ms=[20] * 60), took(*[2] * 60)), PASS, "(-90%)"),
    Row(LATENCY, "from nothing", both(before(latency_ms=[0] * 60), took(*[31] * 60)), FAIL, "median 31 ms, 0 ms before"),
    Row(LATENCY, "nothing, and nothing before", both(before(latency_ms=[0] * 60), took(*[0] * 60)), PASS, "(+0%)"),
    Row(LATENCY, "too few", took(*[20] * 19), INCONCLUSIVE, "19 samples of this release, and it takes 20"),
    Row(LATENCY, "too few before", before(latency_ms=[20] * 19), INCONCLUSIVE, "19 samples of the release promoted last"),
    Row(LATENCY, "just enough", both(before(latency_ms=[20] * 20), took(*[20] * 20)), PASS, "(+0%)"),
    Row(LATENCY, "none at all", took(), INCONCLUSIVE, "0 samples of this release"),
    Row(LATENCY, "a policy of too few", both(thresholds(samples=3), before(latency_ms=[1, 2, 3]), took(100, 200, 300)),
        INCONCLUSIVE, "3 and 3 samples cannot show a difference at p < 0.01"),
    Row(LATENCY, "a policy without a tolerance", thresholds(tolerance={"memory": 0.2}), INCONCLUSIVE, "no tolerance for latency"),
    Row(LATENCY, "no number", took(*[20] * 30, math.nan), INCONCLUSIVE, "a sample of this release is no finite number"),
    Row(LATENCY, "no number before", before(latency_ms=[20.0] * 30 + [math.inf]), INCONCLUSIVE, "promoted last is no finite"),
    Row(LATENCY, "nothing promoted before", never_promoted, INCONCLUSIVE, "no release was promoted before"),
    Row(LATENCY, "a consumer", good, INCONCLUSIVE, "its work comes from a queue", "push"),
    Row(LATENCY, "missing", seen(traffic=GONE), INCONCLUSIVE, "it rained"),
    Row(MEMORY, "good", good, PASS, "median 55 MiB, 55 MiB before (+0%)"),
    Row(MEMORY, "of a consumer", good, PASS, "median 55 MiB", "push"),
    Row(MEMORY, "two pods more", both(before(memory_mib=noise(60, 2, 40)), used(*[noise(60, 2, 40, s) for s in (1, 2, 3)])), PASS, "60"),
    Row(MEMORY, "a third more", both(before(memory_mib=noise(60, 2, 40)), used(noise(80, 2, 40), noise(80, 2, 40, 8))), FAIL, "(+33%)"),
    Row(MEMORY, "a tenth more", both(before(memory_mib=noise(60, 2, 40)), used(noise(66, 2, 40))), PASS, "(+10%)"),
    Row(MEMORY, "only at the start", both(before(memory_mib=[60] * 40), used([200] * 9 + [60] * 31)), PASS, "(+0%)"),
    Row(MEMORY, "a start that climbs hides nothing", both(before(memory_mib=[60] * 40), used([9] * 9 + [90] * 31)), FAIL, "(+50%)"),
    Row(MEMORY, "much of very little", both(before(memory_mib=[4] * 40), used([8] * 40)), PASS, "(+100%)"),
    Row(MEMORY, "too few", used([60] * 20), INCONCLUSIVE, "16 samples of this release"),
    Row(MEMORY, "too few before", before(memory_mib=[60] * 20), INCONCLUSIVE, "16 samples of the release promoted last"),
    Row(MEMORY, "nothing promoted before", never_promoted, INCONCLUSIVE, "no release was promoted before"),
    Row(MEMORY, "empty", seen(memory=()), INCONCLUSIVE, "returned nothing"),
    Row(MEMORY, "missing", seen(memory=GONE), INCONCLUSIVE, "it rained"),
    Row(CPU, "good", good, PASS, "cores before (+0%)"),
    Row(CPU, "of a consumer", good, PASS, "cores before (+0%)", "push"),
    Row(CPU, "the same rounds, at other seconds", both(before(cpu_cores=ROUNDS), burnt(ROUNDS[2:])), PASS, "0.192 cores before (+0%)"),
    Row(CPU, "a request costs more", both(before(cpu_cores=ROUNDS), burnt(DEARER)), FAIL, "median 0.488 cores, 0.192 cores before"),
    Row(CPU, "much of very little", both(before(cpu_cores=[0.01] * 40), burnt([0.03] * 40)), PASS, "(+200%)"),
    Row(CPU, "no use before", both(before(cpu_cores=[0.0] * 40), burnt([1.0] * 40)), FAIL, "median 1 cores, 0 cores before"),
    Row(CPU, "too few", burnt([0.1] * 24), INCONCLUSIVE, "samples of this release, and it takes 20"),
    Row(CPU, "nothing promoted before", never_promoted, INCONCLUSIVE, "no release was promoted before"),
    Row(CPU, "empty", seen(cpu=()), INCONCLUSIVE, "returned nothing"),
    Row(CPU, "missing", seen(cpu=GONE), INCONCLUSIVE, "it rained"),
]
# fmt: on


@pytest.mark.parametrize("row", ROWS, ids=[f"{row.check}: {row.what} ({row.role})" for row in ROWS])
def test_it_concludes(row: Row, subjects: Mapping[str, Subject]) -> None:
    assert_concludes(row, subjects)
