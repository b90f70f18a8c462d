"""Sets of values and of numbers: what their operations give, against Python's own sets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chart_harness.blast_radius.reach.sets import ABSENT, Spans, Values

# "z" stands for all the values that no condition names.
UNIVERSE: tuple[str | None, ...] = ("a", "b", "c", "z", ABSENT)
values = st.builds(Values, st.frozensets(st.sampled_from(["a", "b", "c", ABSENT])), st.booleans())
spans = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=4).map(lambda made: Spans.of(*made))


def held(one: Values) -> set[str | None]:
    return {value for value in UNIVERSE if (value in one.members) != one.all_but}


def numbers(one: Spans) -> set[int]:
    return {number for first, last in one.spans for number in range(first, last + 1)}


@given(values, values)
def test_values_are_what_sets_are(one: Values, other: Values) -> None:
    assert held(one & other) == held(one) & held(other)
    assert held(one - other) == held(one) - held(other)
    assert bool(one) == bool(held(one))


@given(spans, spans)
def test_spans_are_what_sets_are(one: Spans, other: Spans) -> None:
    assert numbers(one & other) == numbers(one) & numbers(other)
    assert numbers(one - other) == numbers(one) - numbers(other)
    assert bool(one) == bool(numbers(one))


@given(spans)
def test_the_same_numbers_are_the_same_spans(one: Spans) -> None:
    assert Spans.points(numbers(one)) == one


def test_a_span_that_ends_before_it_begins_is_empty() -> None:
    assert not Spans.of((5, 4))
    assert Spans.of((1, 2), (3, 4)).spans == ((1, 4),)
