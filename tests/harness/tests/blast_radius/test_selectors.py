"""Selectors: in words, in one form, and against labels."""

from __future__ import annotations

from typing import Any

import pytest

from chart_harness.blast_radius.reach.selectors import canonical, selects, words


def expressions(*made: tuple[str, str, list[str]]) -> dict[str, Any]:
    return {
        "matchExpressions": [{"key": key, "operator": operator, "values": values} for key, operator, values in made]
    }


SAID: dict[str, tuple[dict[str, Any] | None, ...]] = {
    "": (None, {}, {"matchLabels": {}}, {"matchLabels": None}),
    "a=1, b=2": ({"matchLabels": {"b": "2", "a": "1"}}, expressions(("a", "In", ["1"]), ("b", "In", ["2", "2"]))),
    "a in (1, 2)": (expressions(("a", "In", ["2", "1"])), expressions(("a", "In", ["1", "2", "3"]), ("a", "NotIn", ["3"]))),
    "a not in (1, 2)": (expressions(("a", "NotIn", ["1"]), ("a", "NotIn", ["2"])),),
    "a not in (1), but there": (expressions(("a", "NotIn", ["1"]), ("a", "Exists", [])),),
    "a there": (expressions(("a", "Exists", [])),),
    "a not there": (expressions(("a", "DoesNotExist", [])),),
    "a impossible": (expressions(("a", "Exists", []), ("a", "DoesNotExist", [])), expressions(("a", "In", ["1"]), ("a", "In", ["2"]))),
}  # fmt: skip


@pytest.mark.parametrize(("said", "selector"), [(said, one) for said, forms in SAID.items() for one in forms])
def test_one_form_for_one_meaning(said: str, selector: dict[str, Any] | None) -> None:
    assert words(selector) == said
    assert canonical(selector) == canonical(SAID[said][0])


@pytest.mark.parametrize(("selector", "labels", "matches"), [
    ({}, {}, True),
    (None, {"a": "1"}, True),
    ({"matchLabels": {"a": "1"}}, {"a": "1", "b": "2"}, True),
    ({"matchLabels": {"a": "1"}}, {"a": "2"}, False),
    ({"matchLabels": {"a": "1"}}, {}, False),
    (expressions(("a", "NotIn", ["1"])), {}, True),
    (expressions(("a", "NotIn", ["1"])), {"a": "1"}, False),
    (expressions(("a", "Exists", [])), {"a": ""}, True),
    (expressions(("a", "Exists", [])), {}, False),
    (expressions(("a", "DoesNotExist", [])), {}, True),
    (expressions(("a", "DoesNotExist", [])), {"a": "1"}, False),
])  # fmt: skip
def test_against_labels(selector: dict[str, Any] | None, labels: dict[str, str], matches: bool) -> None:
    assert selects(selector, labels) == matches


def test_an_unknown_operator_is_named() -> None:
    with pytest.raises(ValueError, match=r"operator 'Near': use In, NotIn, Exists or DoesNotExist\.$"):
        canonical(expressions(("a", "Near", [])))
