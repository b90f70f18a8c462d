"""Boxes: what fulfils one condition on each of several axes. A union of boxes is held by another one, or something is left over.

A rule of a NetworkPolicy is a box: its axes are the labels of the other side's namespace and pod, its address, and the port.
Whether the boxes of after lie within those of before is decided exactly, by taking away one after the other: no sampling,
no comparison of texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from chart_harness.blast_radius.reach.sets import Side


@dataclass(frozen=True)
class Axis:
    """What a box may say something about. `everything` is every value it can have, of one type of Side."""

    name: str
    everything: Any  # a Side; one type for each axis, which the type checker cannot follow through a mapping


Box = Mapping[Axis, Side]
"""The sides of a box; of an axis that is not named it holds everything."""


def box(*sides: tuple[Axis, Side]) -> Box:
    """The box within all these sides; an axis may be named more than once."""
    made: dict[Axis, Any] = {}
    for axis, side in sides:
        made[axis] = made.get(axis, axis.everything) & side
    return made


def is_empty(one: Box) -> bool:
    """Whether nothing is in the box."""
    return not all((axis.everything & side) for axis, side in one.items())


def without(one: Box, other: Box) -> list[Box]:
    """What of `one` is not in `other`: boxes that do not overlap."""
    pieces: list[Box] = []
    inside: dict[Axis, Any] = dict(one)
    for axis, side in other.items():
        own: Any = inside.get(axis, axis.everything) & axis.everything
        outside = {**inside, axis: own - side}
        if not is_empty(outside):
            pieces.append(outside)
        inside[axis] = own & side
        if not inside[axis]:
            return pieces  # they have nothing in common; what was found outside so far is all of `one`
    return pieces


def leftover(one: Box, others: Iterable[Box]) -> list[Box]:
    """What of `one` is in none of `others`; an empty list when they hold all of it together."""
    left = [] if is_empty(one) else [one]
    for other in others:
        left = [piece for part in left for piece in without(part, other)]
        if not left:
            break
    return left
