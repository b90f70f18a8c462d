"""Plots: every sample lies within the axes, ticks are round and told apart, and the words say what is drawn."""

from __future__ import annotations

import math
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promotion_gate.measurements import Measurements, medians
from promotion_gate.reporters.axes import Axis, linear, logarithmic
from promotion_gate.reporters.plots import BOTTOM, KINDS, LEFT, MOST, RIGHT, TOP, Plot, missing, plots

NUMBER = st.floats(allow_nan=True, allow_infinity=True)
SERIES = st.lists(st.tuples(NUMBER, NUMBER), max_size=6).map(tuple)


@pytest.mark.parametrize(
    ("top", "labels"),
    [
        (128, ("0", "50", "100", "150")),
        (100, ("0", "20", "40", "60", "80", "100")),
        (0.31, ("0.0", "0.1", "0.2", "0.3", "0.4")),
        (0.061, ("0.00", "0.02", "0.04", "0.06", "0.08")),
        (1, ("0.0", "0.2", "0.4", "0.6", "0.8", "1.0")),
        (0, ("0.0", "0.2", "0.4", "0.6", "0.8", "1.0")),
        (4096, ("0", "1 000", "2 000", "3 000", "4 000", "5 000")),
    ],
)
def test_an_axis_ends_in_a_round_number(top: float, labels: tuple[str, ...]) -> None:
    assert linear(top).labels() == labels


@pytest.mark.parametrize(
    ("values", "low", "high", "labels"),
    [
        ((4.5, 3100), 2, 5000, ("10", "100", "1000")),
        ((1, 1000), 0.5, 1000, ("1", "10", "100", "1000")),
        ((3.0,), 2, 5, ("2", "5")),
        ((0.002, 0.9), 0.001, 1, ("0.001", "0.01", "0.1", "1")),
    ],
)
def test_a_logarithmic_axis(values: tuple[float, ...], low: float, high: float, labels: tuple[str, ...]) -> None:
    axis = logarithmic(values)
    assert (axis.low, axis.high) == pytest.approx((low, high))
    assert axis.labels() == labels


def _holds(axis: Axis, values: list[float]) -> None:
    assert len(axis.ticks) == len(set(axis.labels())) >= 2
    assert len(axis.ticks) <= 12
    assert list(axis.ticks) == sorted(axis.ticks)
    places = [axis.at(value) for value in sorted(values)]
    assert all(0 <= place <= 1 for place in places)
    assert places == sorted(places)
    assert axis.low <= min(values) * (1 + 1e-9)
    assert axis.high >= max(values) * (1 - 1e-9)


@given(st.lists(st.floats(0, MOST, exclude_max=True), min_size=1, max_size=5))
def test_any_figures_lie_on_a_linear_axis(values: list[float]) -> None:
    _holds(linear(max(values)), values)


@given(st.lists(st.floats(1e-9, MOST, exclude_max=True), min_size=1, max_size=5))
def test_any_figures_lie_on_a_logarithmic_axis(values: list[float]) -> None:
    _holds(logarithmic(values), values)


def _points(plot: Plot) -> list[tuple[float, float]]:
    found = [re.findall(r"([\d.e+-]+) ([\d.e+-]+)", line.path.replace("h0", "")) for line in plot.lines]
    return [(float(x), float(y)) for line in found for x, y in line]


@given(
    latency=SERIES,
    memory=st.dictionaries(st.text(max_size=4), SERIES, max_size=9),
    cpu=st.dictionaries(st.text(max_size=4), SERIES, max_size=3),
    limit=st.none() | NUMBER,
    medians=st.dictionaries(st.sampled_from(["latency", "memory", "cpu", "other"]), NUMBER),
)
def test_whatever_was_measured_stays_within_the_drawing(
    latency: tuple[tuple[float, float], ...],
    memory: dict[str, tuple[tuple[float, float], ...]],
    cpu: dict[str, tuple[tuple[float, float], ...]],
    limit: float | None,
    medians: dict[str, float],
) -> None:
    measured = Measurements(latency_ms=latency, memory_mib=memory, memory_limit_mib=limit, cpu_cores=cpu)
    drawn = plots(measured, medians)
    good = sum(
        all(0 <= number < MOST for number in sample)
        for series in (latency, *memory.values(), *cpu.values())
        for sample in series
    )
    assert sum(len(_points(plot)) for plot in drawn) == good
    for plot in drawn:
        assert all(LEFT <= x <= RIGHT and TOP <= y <= BOTTOM for x, y in _points(plot))
        assert all(LEFT <= tick.at <= RIGHT for tick in plot.across)
        assert all(TOP <= tick.at <= BOTTOM for tick in plot.upwards)
        assert all(TOP <= mark.y <= BOTTOM for mark in (plot.limit, plot.compared) if mark)
        assert all(line.kind <= KINDS for line in plot.lines)
        assert "nan" not in plot.summary
    assert {plot.id for plot in drawn} | set(missing(drawn)) == {"latency", "memory", "cpu"}


def test_memory_is_held_against_its_limit_and_the_baseline() -> None:
    measured = Measurements(
        memory_mib={"a": ((0, 40), (10, 60)), "b": ((0, 40), (10, 90))},
        memory_limit_mib=100,
        cpu_cores={"a": ((1, 0.1),)},
    )
    memory, cpu = plots(measured, {"memory": 58.4})
    assert memory.summary == "Highest 90 MiB of a limit of 100 MiB. The baseline's median was 58.4 MiB."
    assert memory.limit
    assert memory.compared
    assert (memory.limit.name, memory.compared.name) == ("limit 100 MiB", "baseline's median 58.4 MiB")
    assert memory.limit.y < min(y for _, y in _points(memory)) < memory.compared.y
    assert [(line.name, line.kind) for line in memory.lines] == [("b", 0), ("a", 1)]
    assert [(line.name, line.kind) for line in cpu.lines] == [("a", 1)], "a pod has the same colour in all plots"
    assert cpu.limit is cpu.compared is None


def test_latencies_are_told_in_numbers() -> None:
    (plot,) = plots(Measurements(latency_ms=tuple((n / 10, float(n)) for n in range(1, 101))))
    assert plot.summary == "100 answers drawn: median 50.5 ms, 95 of 100 within 96 ms, slowest 100 ms."
    assert plot.unit == "milliseconds"
    (one,) = plots(Measurements(latency_ms=((0, 3.21),)), {"latency": 3})
    assert one.summary.startswith("1 answer drawn: median 3.21 ms, 95 of 100 within 3.21 ms")
    assert one.summary.endswith("The baseline's median was 3 ms.")


@pytest.mark.parametrize(("slowest", "logarithmic_axis"), [(90.0, False), (2000.0, True)])
def test_an_answer_far_from_the_others_does_not_hide_them(slowest: float, logarithmic_axis: bool) -> None:
    (plot,) = plots(Measurements(latency_ms=(*((n / 10, 5.0 + n % 3) for n in range(50)), (6.0, slowest))))
    assert ("logarithmic" in plot.unit) is logarithmic_axis
    heights = [BOTTOM - y for _, y in _points(plot)]
    assert min(heights) > 5, "the fast answers lie on the axis"


def test_many_pods_share_one_look() -> None:
    (plot,) = plots(Measurements(memory_mib={f"p{n}": ((0.0, float(n)), (1.0, float(n))) for n in range(20)}))
    kinds = [line.kind for line in plot.lines]
    assert kinds == [*range(KINDS), *[KINDS] * 14]
    assert plot.lines[0].name == "p19", "the pod that needs most is told from the others"


def test_time_goes_to_the_right() -> None:
    (plot,) = plots(Measurements(memory_mib={"a": tuple((float(n), 5.0) for n in range(9))}))
    assert all(before[0] < after[0] for before, after in pairwise(_points(plot)))
    assert math.isclose(_points(plot)[0][0], LEFT)


def test_the_medians_that_a_later_verdict_draws() -> None:
    measured = Measurements(latency_ms=((0, 1), (1, 9), (2, 2)), memory_mib={"a": ((0, 40), (1, 50)), "b": ((0, 90),)})
    assert medians(measured) == {"latency": 2, "memory": 50}
    assert medians(Measurements()) == {}
