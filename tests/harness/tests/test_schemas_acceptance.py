"""The quick answer never says yes where the full validator finds something; and of all that is right it does say yes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chart_harness.fleet_render import render_fleet
from chart_harness.frozen import thaw
from chart_harness.schemas.catalogue import _validator
from chart_harness.schemas.checked import Checked
from tests.harness.tests.test_schemas_mutations import MUTATIONS, Place, changed

ROOT = Path(__file__).resolve().parents[3]
VERSION = "1.34.0"
ODD: list[Any] = [
    None, True, 0, 1, -1, 1.0, 1.5, 2**31, 70000, "", "x", "8080", "Not-a-name!", "a" * 300, "..", "12e3", "10m",
    [], ["x"], ["x", "x"], [None], [{}], {}, {"a": 1}, {"a": None}, {"Not a key": "x"}, {"name": "a"},
]  # fmt: skip


@cache
def objects() -> list[dict[str, Any]]:
    """One of each kind that the fleet renders, changeable: copy before you do."""
    fleet = render_fleet(ROOT, releases=[("event-recorder", "staging"), ("aaa-api", "production")])
    found = {item["kind"]: thaw(item) for release in fleet.releases.values() for item in release.objects}
    return [found[kind] for kind in sorted(found)]


def schema_of(item: Mapping[str, Any]) -> Checked:
    known = _validator(item, [], VERSION, ())
    assert known is not None
    return known


def fine(schema: Checked, value: Any) -> bool:
    """What the full validator says."""
    return next(iter(schema.validator.iter_errors(value)), None) is None


def places(value: Any, above: Place = ()) -> Iterator[Place]:
    children: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in children:
        yield (*above, key)
        yield from places(item, (*above, key))


@st.composite
def broken(draw: st.DrawFn) -> tuple[Checked, dict[str, Any]]:
    """A kind's schema, and an object of it with up to three values, anywhere in it, that are odd or out of place."""
    item = draw(st.sampled_from(objects()))
    schema = schema_of(item)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(places(item)) or [("kind",)]))
        item = changed(item, path, draw(st.sampled_from(ODD)))
    return schema, item


def test_all_that_the_fleet_renders_is_accepted_at_once() -> None:
    fleet = render_fleet(ROOT)
    slow = [
        item["kind"]
        for release in fleet.releases.values()
        for item in thaw(release.objects)
        if not schema_of(item).accepts(item)
    ]
    assert slow == []
    assert len(fleet.releases) >= 84
    assert all(fine(schema_of(item), item) for item in objects())


@pytest.mark.parametrize(("kind", "path", "value"), [row[:3] for row in MUTATIONS])
def test_nothing_of_the_table_of_mistakes_is_accepted(kind: str, path: Place, value: object) -> None:
    (item,) = [item for item in objects() if item["kind"] == kind]
    wrong = changed(item, path, value)
    assert not fine(schema_of(item), wrong)
    assert not schema_of(item).accepts(wrong)


@settings(max_examples=400, deadline=None)
@given(broken())
def test_what_it_accepts_the_full_validator_finds_nothing_wrong_with(found: tuple[Checked, dict[str, Any]]) -> None:
    schema, item = found
    if schema.accepts(item):
        assert fine(schema, item)


_VALUES = st.sampled_from(ODD)
_LEAVES = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(
            ["string", "integer", "number", "object", "array", "boolean", ["integer", "string"], ["string", "null"]]
        ),
        "enum": st.lists(_VALUES, min_size=1, max_size=3),
        "format": st.sampled_from(["dns-label", "port-name", "quantity", "int32", "byte"]),
        "pattern": st.sampled_from(["^[a-z]+$", "x", "^(?i)a$"]),
        "minimum": st.integers(-1, 2),
        "maximum": st.integers(0, 70000),
        "minLength": st.integers(0, 2),
        "maxLength": st.integers(0, 5),
        "minItems": st.integers(0, 2),
        "nullable": st.booleans(),
        "default": _VALUES,
        "description": st.just("words"),
        "x-kubernetes-list-type": st.sampled_from(["set", "map", "atomic"]),
        "x-kubernetes-list-map-keys": st.sampled_from([["name"], ["a", "name"]]),
        "$ref": st.just("#/$defs/text"),
        "not": st.just({"type": "string"}),
        "required": st.sampled_from([["a"], ["a", "name"]]),
        "propertyNames": st.just({"format": "dns-label"}),
    },
)
_SCHEMAS = st.recursive(
    _LEAVES,
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["object", "array"]),
            "properties": st.dictionaries(st.sampled_from(["a", "name", "x"]), inner, max_size=2),
            "additionalProperties": st.one_of(st.booleans(), inner),
            "items": inner,
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "required": st.sampled_from([["a"], ["name"]]),
        },
    ),
    max_leaves=6,
)
_TREES = st.recursive(
    _VALUES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["a", "name", "x", "Not a key"]), inner, max_size=3),
    ),
    max_leaves=6,
)
_DEFINITIONS = {"text": {"type": "string", "maxLength": 2}}


@settings(max_examples=1500, deadline=None)
@given(_SCHEMAS, _TREES)
def test_of_any_schema_and_value_too(rules: dict[str, Any], value: Any) -> None:
    schema = Checked(rules, _DEFINITIONS)
    if schema.accepts(value):
        assert fine(schema, value)


@pytest.mark.parametrize(
    ("rules", "good", "bad"),
    [
        ({"type": "string"}, "x", 1),
        ({"type": ["integer", "string"]}, 1, 1.5),
        ({"enum": ["a", "b"]}, "a", "c"),
        ({"pattern": "^a"}, "ab", "b"),
        ({"items": {"type": "string"}}, ["a"], [1]),
        ({"minimum": 1, "maximum": 2}, 2, 3),
        ({"minLength": 1}, "a", ""),
        ({"format": "quantity"}, "10Mi", "10MM"),
        ({"properties": {"a": {"type": "string"}}, "additionalProperties": False}, {"a": "b"}, {"b": "a"}),
        ({"properties": {"a": {"type": "string"}}, "required": ["a"]}, {"a": "b"}, {}),
        ({"properties": {"a": {"type": "string", "nullable": False}}}, {"a": "b"}, {"a": None}),
        ({"properties": {"a": {"type": "string"}}}, {"a": None}, {"a": 1}),
        ({"additionalProperties": {"type": "string"}}, {"a": "b"}, {"a": 1}),
        ({"propertyNames": {"format": "dns-label"}}, {"a": 1}, {"A": 1}),
        ({"x-kubernetes-list-map-keys": ["name"]}, [{"name": "a"}, {"name": "b"}], [{"name": "a"}, {"name": "a"}]),
        ({"x-kubernetes-list-type": "set"}, ["a", "b"], ["a", "a"]),
        ({"$ref": "#/$defs/text"}, "ab", "abc"),
    ],
    ids=str,
)
def test_each_keyword_tells_good_from_bad(rules: dict[str, Any], good: Any, bad: Any) -> None:
    """So that a yes is worth something, and is said wherever it can be."""
    schema = Checked(rules, {"text": {"type": "string", "pattern": "^..$"}})
    assert [schema.accepts(good), fine(schema, good)] == [True, True]
    assert [schema.accepts(bad), fine(schema, bad)] == [False, False]


def test_a_keyword_that_is_not_known_is_left_to_the_full_validator() -> None:
    schema = Checked({"multipleOf": 2}, {})
    assert fine(schema, 4)
    assert not schema.accepts(4)
