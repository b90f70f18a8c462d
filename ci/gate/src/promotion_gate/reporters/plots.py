"""The plots of a verdict's measurements, as plain figures: where a line goes and what stands beside it. The template draws them.

Everything is in the units of a drawing of WIDTH by HEIGHT that scales as a whole, small enough to be legible on a phone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from promotion_gate.counted import counted
from promotion_gate.measurements import Measurements, Series
from promotion_gate.reporters.axes import Axis, linear, logarithmic

WIDTH, HEIGHT = 360, 220
LEFT, RIGHT, TOP, BOTTOM = 48, 352, 12, 184
"""The edges of the area that the axes span."""
KINDS = 6
"""How many pods have a colour and dashes of their own; the others share one."""
MOST = 1e12
"""No figure of a pod reaches it; what does is left out, so that the axes need not bear it."""
SKEWED = 20
"""How many times the median the slowest answer has to be for a logarithmic axis: else all others would lie on the ground."""


@dataclass(frozen=True)
class Tick:
    at: float
    """Of the drawing: x of a tick on the axis of time, y on the other."""
    label: str


@dataclass(frozen=True)
class Line:
    """What one pod measured, or all answers."""

    name: str
    path: str
    """An SVG path: a line, or a dot a sample."""
    kind: int
    """Which colour and dashes, from 0, the pod that needed most memory first; KINDS is that of all further ones."""


@dataclass(frozen=True)
class Mark:
    """A level to hold the values against."""

    name: str
    y: float


@dataclass(frozen=True)
class Plot:
    """A drawing with what is said of it."""

    id: str
    title: str
    unit: str
    summary: str
    """In words what the drawing shows, also for who cannot see it."""
    along: str
    """What the axis of time counts."""
    dots: bool
    lines: tuple[Line, ...]
    limit: Mark | None
    """What must not be reached."""
    compared: Mark | None
    """The baseline's median."""
    across: tuple[Tick, ...]
    upwards: tuple[Tick, ...]


def plots(measured: Measurements, medians: Mapping[str, float] | None = None) -> tuple[Plot, ...]:
    """A plot for each figure that has samples; `medians` are the baseline's, by figure. Samples that are no numbers are left out."""
    compared = {figure: value for figure, value in (medians or {}).items() if _is_figure(value)}
    memory, cpu = measured.memory_mib, measured.cpu_cores
    peaks = {pod: max((value for _, value in _drawable(memory.get(pod, ()))), default=0) for pod in {**memory, **cpu}}
    order = sorted(peaks, key=lambda pod: (-peaks[pod], pod))
    found = (
        _latency(measured, compared.get("latency")),
        _of_pods("memory", "Memory", "MiB", memory, order, compared.get("memory"), measured.memory_limit_mib),
        _of_pods("cpu", "CPU", "cores", cpu, order, compared.get("cpu"), None),
    )
    return tuple(plot for plot in found if plot)


def missing(drawn: Iterable[Plot]) -> tuple[str, ...]:
    """The figures without a plot, in words."""
    there = {plot.id for plot in drawn}
    return tuple(figure for figure in ("latency", "memory", "cpu") if figure not in there)


def _latency(measured: Measurements, compared: float | None) -> Plot | None:
    samples = _drawable(measured.latency_ms)
    if not samples:
        return None
    values = [value for _, value in samples]
    middle = median(values)
    highest = max(values)
    positive = [value for value in values if value > 0]
    skewed = bool(positive) and highest > SKEWED * middle
    levels = [level for level in (compared,) if level]
    up = logarithmic([*positive, *levels]) if skewed else linear(max([*values, *levels]))
    within = quantiles(values, n=20)[-1] if len(values) > 1 else middle
    summary = (
        f"{counted(len(values), 'answer')} drawn: median {_amount(middle)} ms, 95 of 100 within {_amount(within)} ms,"
        f" slowest {_amount(highest)} ms."
    )
    across = linear(max(at for at, _ in samples))
    path = "".join(f"M{_x(across, at)} {_y(up, value)}h0" for at, value in samples)
    return Plot(
        id="latency",
        title="Latency",
        unit="milliseconds, logarithmic" if skewed else "milliseconds",
        summary=summary + _than(compared, "ms"),
        along="seconds since the first request",
        dots=True,
        lines=(Line("an answer", path, 0),),
        limit=None,
        compared=_mark("baseline's median", up, compared, "ms"),
        across=_ticks(across, along=True),
        upwards=_ticks(up, along=False),
    )


def _of_pods(
    figure: str,
    title: str,
    unit: str,
    by_pod: Mapping[str, Series],
    order: Sequence[str],
    compared: float | None,
    limit: float | None,
) -> Plot | None:
    pods = {pod: samples for pod in order if (samples := _drawable(by_pod.get(pod, ())))}
    if not pods:
        return None
    limit = limit if limit and _is_figure(limit) else None
    highest = max(value for samples in pods.values() for _, value in samples)
    levels = [level for level in (compared, limit) if level is not None]
    up = linear(max(highest, *levels) if levels else highest)
    across = linear(max(at for samples in pods.values() for at, _ in samples))
    of = f" of a limit of {_amount(limit)} {unit}" if limit else ""
    return Plot(
        id=figure,
        title=title,
        unit=unit,
        summary=f"Highest {_amount(highest)} {unit}{of}." + _than(compared, unit),
        along="seconds since the start",
        dots=False,
        lines=tuple(
            Line(pod, _line(across, up, samples), min(order.index(pod), KINDS)) for pod, samples in pods.items()
        ),
        limit=_mark("limit", up, limit, unit),
        compared=_mark("baseline's median", up, compared, unit),
        across=_ticks(across, along=True),
        upwards=_ticks(up, along=False),
    )


def _drawable(series: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    return [(at, value) for at, value in series if _is_figure(at) and _is_figure(value)]


def _is_figure(value: float) -> bool:
    return 0 <= value < MOST  # neither a NaN nor an infinity is


def _line(across: Axis, up: Axis, samples: Sequence[tuple[float, float]]) -> str:
    """A line through the samples; a single one is a dot."""
    if len(samples) == 1:
        ((at, value),) = samples
        return f"M{_x(across, at)} {_y(up, value)}h0"
    return "M" + "L".join(f"{_x(across, at)} {_y(up, value)}" for at, value in samples)


def _mark(name: str, up: Axis, level: float | None, unit: str) -> Mark | None:
    return None if level is None else Mark(f"{name} {_amount(level)} {unit}", _y(up, level))


def _ticks(axis: Axis, *, along: bool) -> tuple[Tick, ...]:
    place = _x if along else _y
    return tuple(Tick(place(axis, tick), label) for tick, label in zip(axis.ticks, axis.labels(), strict=True))


def _x(axis: Axis, value: float) -> float:
    return round(LEFT + axis.at(value) * (RIGHT - LEFT), 1)


def _y(axis: Axis, value: float) -> float:
    return round(BOTTOM - axis.at(value) * (BOTTOM - TOP), 1)


def _than(compared: float | None, unit: str) -> str:
    return "" if compared is None else f" The baseline's median was {_amount(compared)} {unit}."


def _amount(value: float) -> str:
    """Three digits that count, as a person would write them."""
    return f"{value:.0f}" if 1000 <= value < 1e6 else f"{value:.3g}"
