"""Properties of the comparison with the release promoted last, over random samples."""

from __future__ import annotations

import math
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from itertools import product
from statistics import median

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ci.gate.tests.conftest import REAL_POLICY
from promotion_gate.checks.comparison import START, cpu, difference, over_rounds, settled, too_little
from promotion_gate.evidence import CpuUse, Evidence, Missing
from promotion_gate.gathering import ROUND_SECONDS
from promotion_gate.measurements import measurements
from promotion_gate.policy import Regression

RULE = Regression()
VALUES = st.floats(min_value=0, max_value=1e4, allow_nan=False).map(lambda value: round(value, 2))
SAMPLES = st.lists(VALUES, min_size=1, max_size=60)
SEEDS = st.integers(min_value=0, max_value=2**32)
SHAPES = ("gauss", "lognormal", "exponential", "two routes")


def draw(shape: str, seed: int, count: int, scale: float = 1.0) -> list[float]:
    """Milliseconds of a service whose median is somewhere near 50, times `scale`."""
    chance = random.Random(seed)
    values: dict[str, Callable[[], float]] = {
        "gauss": lambda: max(1.0, chance.gauss(50, 10)),
        "lognormal": lambda: chance.lognormvariate(math.log(50), 0.5),
        "exponential": lambda: 20 + chance.expovariate(1 / 40),
        "two routes": lambda: chance.gauss(chance.choice((30, 90)), 4),
    }
    return [values[shape]() * scale for _ in range(count)]


def walk(seed: int, count: int, level: float) -> list[float]:
    """What a pod's memory looks like: each sample is near the one before, and each pod has a level of its own."""
    chance = random.Random(seed)
    at, drift, found = level * chance.gauss(1, 0.03), 0.0, []
    for _ in range(count):
        drift = 0.95 * drift + chance.gauss(0, 0.005 * level)
        found.append(at + drift)
    return found


@settings(max_examples=200, derandomize=True)
@given(seed=SEEDS, shape=st.sampled_from(SHAPES), now=st.integers(20, 400), before=st.integers(20, 400))
def test_the_same_service_is_not_worse(seed: int, shape: str, now: int, before: int) -> None:
    found = difference(draw(shape, seed, now), draw(shape, seed + 1, before))
    assert not found.is_worse(RULE, "latency")


@settings(max_examples=200, derandomize=True)
@given(seed=SEEDS, shape=st.sampled_from(SHAPES), now=st.integers(60, 400), before=st.integers(60, 400))
def test_twice_is_worse_and_half_is_not(seed: int, shape: str, now: int, before: int) -> None:
    assume(shape != "two routes")  # a route that is fast is still faster than a slow one when it takes twice as long
    assert difference(draw(shape, seed, now, 2.2), draw(shape, seed + 1, before)).is_worse(RULE, "latency")
    assert not difference(draw(shape, seed, now), draw(shape, seed + 1, before, 2.2)).is_worse(RULE, "latency")


def test_the_test_alone_would_hold_back_releases_that_are_the_same() -> None:
    """Why three have to say so: samples of one pod hang together, and for them a small p says little."""
    runs = [
        difference(
            [v for pod in range(2) for v in walk(4 * run + pod, 30, 60)],
            [v for pod in (2, 3) for v in walk(4 * run + pod, 30, 60)],
        )
        for run in range(300)
    ]
    p_alone = sum(run.p is not None and run.p < RULE.alpha for run in runs)
    with_effect = sum(run.p is not None and run.p < RULE.alpha and run.delta >= RULE.effect for run in runs)
    assert p_alone > 60
    assert with_effect > 30
    assert not any(run.is_worse(RULE, "memory") for run in runs)


@given(now=SAMPLES, before=SAMPLES)
def test_the_effect_is_what_its_definition_says(now: list[float], before: list[float]) -> None:
    pairs = [(a > b) - (a < b) for a, b in product(now, before)]
    found = difference(now, before)
    assert found.delta == pytest.approx(sum(pairs) / len(pairs), abs=1e-9)
    assert found.median == median(now)
    assert (found.now, found.before) == (len(now), len(before))
    assert found.p is None or 0 <= found.p <= 1  # and so is no NaN


@given(now=SAMPLES, before=SAMPLES)
def test_the_other_way_round_it_is_the_opposite(now: list[float], before: list[float]) -> None:
    one, other = difference(now, before), difference(before, now)
    assert one.delta == pytest.approx(-other.delta, abs=1e-9)
    assert not (one.is_worse(RULE, "latency") and other.is_worse(RULE, "latency"))


@given(now=SAMPLES, before=SAMPLES, seed=SEEDS)
def test_the_order_of_samples_does_not_matter(now: list[float], before: list[float], seed: int) -> None:
    mixed = random.Random(seed).sample(now, len(now)), random.Random(seed + 1).sample(before, len(before))
    found, again = difference(now, before), difference(*mixed)
    assert (found.delta, found.growth, found.median) == (again.delta, again.growth, again.median)
    assert found.p == pytest.approx(again.p) if found.p is not None else again.p is None


@given(samples=SAMPLES)
def test_nothing_is_worse_than_itself(samples: list[float]) -> None:
    found = difference(samples, samples)
    assert found.delta == pytest.approx(0, abs=1e-9)
    assert found.growth == 0
    assert not found.is_worse(RULE, "memory")


@given(value=VALUES, other=VALUES, now=st.integers(1, 50), before=st.integers(1, 50))
def test_constants_are_compared_by_tolerance_and_floor(value: float, other: float, now: int, before: int) -> None:
    found = difference([value] * now, [other] * before)
    assert found.p is None
    worse = value - other > RULE.floor["memory"] and (other == 0 or value / other - 1 > RULE.tolerance["memory"])
    assert found.is_worse(RULE, "memory") == worse


@pytest.mark.parametrize(
    ("now", "before", "growth"),
    [(3.0, 2.0, 0.5), (1.0, 2.0, -0.5), (0.0, 0.0, 0.0), (1.0, 0.0, math.inf), (-1.0, 0.0, -math.inf)],
)
def test_growth_is_a_share_of_what_was(now: float, before: float, growth: float) -> None:
    assert difference([now], [before]).growth == growth


@pytest.mark.parametrize(
    ("now", "before", "says"),
    [
        ([1.0] * 20, [1.0] * 20, ""),
        ([1.0] * 19, [1.0] * 20, "19 samples of this release, and it takes 20"),
        ([1.0] * 20, [], "0 samples of the release promoted last, and it takes 20"),
        ([math.nan, *[1.0] * 20], [1.0] * 20, "a sample of this release is no finite number"),
        ([1.0] * 20, [*[1.0] * 20, -math.inf], "a sample of the release promoted last is no finite number"),
    ],
)
def test_it_says_why_there_is_too_little(now: Sequence[float], before: Sequence[float], says: str) -> None:
    assert too_little(now, before, RULE, "cpu") == says


@pytest.mark.parametrize(("samples", "enough"), [(3, False), (4, False), (5, True)])
def test_so_few_that_no_difference_could_show_are_too_few(samples: int, enough: bool) -> None:
    """Of 4 and 4 samples that do not overlap at all p is 1/70, which is above 0.01; of 5 and 5 it is 1/252."""
    rule = Regression(samples=3)
    low, high = [float(n) for n in range(samples)], [float(n + 100) for n in range(samples)]
    assert (too_little(high, low, rule, "latency") == "") == enough
    assert difference(high, low).is_worse(rule, "latency") == enough


def test_the_beginning_of_a_series_is_left_out() -> None:
    series = tuple((float(n), float(n)) for n in range(41))
    assert START == 0.2
    assert settled(series, series) == [float(n) for n in range(8, 41)]
    assert settled(series[5:], series) == [float(n) for n in range(8, 41)]  # nothing more for what lacks a beginning
    assert settled(series[20:], series) == [float(n) for n in range(20, 41)]
    assert settled((), ()) == settled((), series) == []
    one = ((3.0, 7.0),)
    assert settled(one, one) == [7.0]


def test_one_pod_watched_as_long_as_the_policy_says_is_enough() -> None:
    """Sampled a little less often than once a second, as a busy cluster does."""
    pod = CpuUse("demo-0", tuple((second * 1.06, second * 0.1) for second in range(29)))
    no = Missing("not asked for")
    evidence = Evidence(no, no, no, no, no, no, cpu=(pod,))
    assert pod.samples[-1][0] < REAL_POLICY.window_seconds["live"]
    assert len(cpu(measurements(evidence, None))) >= REAL_POLICY.regression.samples


@given(values=st.lists(st.floats(0, 8), min_size=12, max_size=60), step=st.sampled_from([0.9, 1.0, 1.1, 2.5]))
def test_a_mean_over_a_round_is_what_was_used_in_it(values: list[float], step: float) -> None:
    series = tuple((n * step, value) for n, value in enumerate(values))
    means = over_rounds(series)
    assert means
    for at, mean in means:
        last = round(at / step)
        first = max(n for n in range(last + 1) if series[last][0] - series[n][0] >= ROUND_SECONDS)
        used = sum(value * step for value in values[first + 1 : last + 1])
        assert mean == pytest.approx(used / ((last - first) * step), abs=1e-6)
    assert over_rounds(series[:1]) == over_rounds(()) == ()


def test_scipy_is_not_loaded_until_something_is_compared() -> None:
    code = "import sys, promotion_gate.checks, promotion_gate.cli; raise SystemExit('scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
