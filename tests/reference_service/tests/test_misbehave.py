"""REFERENCE_MISBEHAVE is read strictly, and `errors` fails exactly every fifth unit of work."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_service.misbehave import REGRESSIONS, EveryFifth, Switch, parse_switches
from reference_service.settings import ConfigurationError

BLANKS = st.text(alphabet=" \t", max_size=2)


def test_the_switches_are_the_documented_ones() -> None:
    documented = {"errors", "leak", "crash", "hang", "forget-metric", "unset-backend", "bad-label"} | REGRESSIONS
    assert {switch.value for switch in Switch} == documented


@given(st.lists(st.tuples(BLANKS, st.sampled_from(Switch), BLANKS)))
def test_any_list_of_known_names_is_read_as_a_set(parts: list[tuple[str, Switch, str]]) -> None:
    text = ",".join(before + switch.value + after for before, switch, after in parts)
    assert parse_switches(text) == {switch for _, switch, _ in parts}


@pytest.mark.parametrize("text", ["", "  ", ",", " , "])
def test_nothing_named_is_nothing_switched_on(text: str) -> None:
    assert parse_switches(text) == frozenset()


@given(st.text().filter(lambda name: name.strip() and "," not in name and name.strip() not in set(Switch)))
def test_an_unknown_name_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_switches(f"errors,{name}")
    assert repr(name.strip()) in str(caught.value)
    assert all(switch.value in str(caught.value) for switch in Switch)


def test_errors_fails_every_fifth_unit() -> None:
    failures = EveryFifth(frozenset({Switch.ERRORS}))
    assert [failures.must_fail() for _ in range(10)] == [False, False, False, False, True] * 2


def test_without_errors_no_unit_fails() -> None:
    failures = EveryFifth(frozenset(Switch) - {Switch.ERRORS})
    assert not any(failures.must_fail() for _ in range(10))
