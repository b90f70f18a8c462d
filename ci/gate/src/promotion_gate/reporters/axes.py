"""Axes of a plot: which ticks, what they say, and where a value lies. Pure; a value is any finite number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

MOST_TICKS = 5


@dataclass(frozen=True)
class Axis:
    """Values from `low` to `high` on a length of 1; `ticks` are values, in their order."""

    low: float
    high: float
    ticks: tuple[float, ...]
    logarithmic: bool = False

    def at(self, value: float) -> float:
        """Where the value lies, 0 to 1; what is outside the axis lies at its end."""
        low, high = self.low, self.high
        if self.logarithmic:
            value, low, high = (math.log10(max(number, self.low)) for number in (value, low, high))
        return min(1.0, max(0.0, (value - low) / (high - low)))

    def labels(self) -> tuple[str, ...]:
        """A text a tick: all with the decimals that the closest two need, none with more."""
        if self.logarithmic:
            return tuple(f"{tick:g}" for tick in self.ticks)
        step = self.ticks[1] - self.ticks[0]
        decimals = max(0, -math.floor(math.log10(step)))
        return tuple(
            f"{tick:g}" if tick >= 1e6 or 0 < step < 1e-4 else f"{tick:,.{decimals}f}".replace(",", " ")
            for tick in self.ticks
        )


def linear(top: float) -> Axis:
    """From 0 to a round number that is `top` or above; to 1 if `top` is next to nothing."""
    if top < 1e-12:
        top = 1.0
    rough = top / MOST_TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))
    count = math.ceil(top / step - 1e-9)
    ticks = tuple(round(step * n, 12) if step > 1e-9 else step * n for n in range(count + 1))
    return Axis(0.0, ticks[-1], ticks)


def logarithmic(values: Sequence[float]) -> Axis:
    """From 1, 2 or 5 of a power of ten, below the lowest, to another; `values` are positive and at least one."""
    low, high = _round_below(min(values) / 1.2), _round_below(max(values))
    if high < max(values) or high == low:
        high = _round_above(high)
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    every = max(1, math.ceil((last - first) / MOST_TICKS))
    powers = tuple(10.0**n for n in range(first, last + 1, every))
    return Axis(low, high, powers if len(powers) > 1 else (low, high), logarithmic=True)


def _round_below(value: float) -> float:
    power: float = 10.0 ** math.floor(math.log10(value))
    return max((factor * power for factor in (1, 2, 5) if factor * power <= value), default=power)


def _round_above(number: float) -> float:
    """The next of them after one of them."""
    power: float = 10.0 ** math.floor(math.log10(number) + 1e-9)
    return next(factor * power for factor in (2, 5, 10) if factor * power > number * (1 + 1e-9))
