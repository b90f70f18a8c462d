"""Frozen values cannot be changed, and thaw to what they were."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chart_harness.frozen import freeze, thaw

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(plain)
def test_thaw_undoes_freeze(value: object) -> None:
    assert thaw(freeze(value)) == value


def test_nothing_below_the_surface_can_be_changed() -> None:
    frozen = freeze({"a": [{"b": 1}]})
    with pytest.raises(TypeError):
        frozen["a"] = 2
    with pytest.raises(TypeError):
        frozen["a"][0]["b"] = 2


def test_the_source_does_not_show_through() -> None:
    source = {"a": {"b": 1}}
    frozen = freeze(source)
    source["a"]["b"] = 2
    assert frozen["a"]["b"] == 1
