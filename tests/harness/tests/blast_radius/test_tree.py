"""Differences of trees: none is left out, and each is told where it is."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chart_harness.blast_radius.tree import MISSING, differences

scalars = st.one_of(st.none(), st.booleans(), st.integers(0, 3), st.sampled_from(["", "a", "b", "1"]))
trees = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["name", "port", "x", "y.z"]), inner, max_size=3),
    ),
    max_leaves=12,
)


@pytest.mark.parametrize(("before", "after", "found"), [
    ({}, {}, []),
    ({"a": 1}, {"a": 2}, [("a", 1, 2)]),
    ({"a": 1}, {"a": True}, [("a", 1, True)]),
    ({"a": 1}, {"a": "1"}, [("a", 1, "1")]),
    ({"a": {}}, {}, [("a", {}, MISSING)]),
    ({"a": {"b": 1}}, {}, [("a.b", 1, MISSING)]),
    ({}, {"a": {"b": 1, "c": 2}}, [("a.b", MISSING, 1), ("a.c", MISSING, 2)]),
    ({"a": None}, {}, [("a", None, MISSING)]),
    ({"a": {"b": 1}}, {"a": [1]}, [("a", {"b": 1}, [1])]),
    ({"a/b": 1}, {"a/b": 2}, [("[a/b]", 1, 2)]),
    ({"x": {"a/b": 1}}, {"x": {"a/b": 2}}, [("x[a/b]", 1, 2)]),
    ({"l": [{"name": "b", "v": 1}]}, {"l": [{"name": "a"}, {"name": "b", "v": 2}]},
     [("l[b].v", 1, 2), ("l[a].name", MISSING, "a")]),
    ({"l": [{"name": "a"}, {"name": "b"}]}, {"l": [{"name": "b"}, {"name": "a"}]},
     [("l", [{"name": "a"}, {"name": "b"}], [{"name": "b"}, {"name": "a"}])]),
    ({"l": [{"port": 1, "v": 1}]}, {"l": [{"port": 1, "v": 2}]}, [("l[1].v", 1, 2)]),
    ({"l": [1, 2]}, {"l": [1, 3]}, [("l[1]", 2, 3)]),
    ({"l": [1, 2]}, {"l": [1]}, [("l", [1, 2], [1])]),
    ({"l": [{"name": "a"}, {"name": "a"}]}, {"l": [{"name": "a"}]}, [("l", [{"name": "a"}, {"name": "a"}], [{"name": "a"}])]),
])  # fmt: skip
def test_examples(before: Any, after: Any, found: list[tuple[str, Any, Any]]) -> None:
    assert list(differences(before, after)) == found


def test_what_is_told_whole() -> None:
    before, after = {"a": {"b": {"c": 1, "d": 1}}}, {"a": {"b": {"c": 2, "d": 2}}}
    assert len(list(differences(before, after))) == 2
    assert list(differences(before, after, whole=lambda path, *_: path == "a.b")) == [
        ("a.b", {"c": 1, "d": 1}, {"c": 2, "d": 2})
    ]


@given(trees)
def test_the_same_tree_has_no_difference(tree: Any) -> None:
    assert not list(differences(tree, copy.deepcopy(tree)))


@given(trees, trees)
def test_other_trees_have_one(before: Any, after: Any) -> None:
    assert bool(list(differences(before, after))) == (repr(_ordered(before)) != repr(_ordered(after)))


def _ordered(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _ordered(tree[key]) for key in sorted(tree)}
    return [_ordered(item) for item in tree] if isinstance(tree, list) else tree
