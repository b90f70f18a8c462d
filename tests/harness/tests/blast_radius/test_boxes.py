"""What is left of a box when others are taken away: exactly the points that none of them holds."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chart_harness.blast_radius.reach.boxes import Axis, Box, box, is_empty, leftover
from chart_harness.blast_radius.reach.sets import Side, Spans, Values

AXES = (Axis("x", Spans.of((0, 3))), Axis("y", Spans.of((0, 2))), Axis("label", Values.but()))
POINTS = tuple(product(range(4), range(3), ("a", "b", "other")))

sides: tuple[st.SearchStrategy[Side], ...] = (
    st.sets(st.integers(0, 3)).map(Spans.points),
    st.sets(st.integers(0, 2)).map(Spans.points),
    st.builds(Values, st.frozensets(st.sampled_from(["a", "b"])), st.booleans()),
)


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    made: list[tuple[Axis, Side]] = []
    for axis, side in zip(AXES, sides, strict=True):
        if draw(st.booleans()):
            made.append((axis, draw(side)))
    return box(*made)


def holds(one: Box, point: tuple[int, int, str]) -> bool:
    for axis, value in zip(AXES, point, strict=True):
        side = one.get(axis, axis.everything)
        if isinstance(side, Spans):
            if not any(first <= value <= last for first, last in side.spans):  # type: ignore[operator]  # x and y
                return False
        elif (value in side.members) == side.all_but:
            return False
    return True


@given(boxes(), st.lists(boxes(), max_size=5))
def test_leftover_is_what_no_other_holds(one: Box, others: list[Box]) -> None:
    left = leftover(one, others)
    for point in POINTS:
        expected = holds(one, point) and not any(holds(other, point) for other in others)
        assert sum(holds(piece, point) for piece in left) == expected  # 1 at most: the pieces do not overlap
    assert not any(is_empty(piece) for piece in left)


@pytest.mark.parametrize(("one", "others", "left"), [
    (box(), [], 1),
    (box(), [box()], 0),
    (box((AXES[0], Spans.of((0, 1)))), [box((AXES[0], Spans.of((0, 0)))), box((AXES[0], Spans.of((1, 1))))], 0),
    (box((AXES[0], Spans.of((0, 1)))), [box((AXES[0], Spans.of((0, 0))))], 1),
    (box(), [box((AXES[0], Spans.of((0, 3))))], 0),  # a side that holds all of its axis is no condition
    (box((AXES[0], Spans.of())), [], 0),
])  # fmt: skip
def test_examples(one: Box, others: list[Box], left: int) -> None:
    assert len(leftover(one, others)) == left
