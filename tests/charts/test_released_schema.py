"""No value that a released schema took is refused by the present one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from .released import charts as released

VERSION = released.newest()
BOUNDS = [(bound, 1, "higher") for bound in ("minimum", "exclusiveMinimum", "minLength")] + [
    (bound, -1, "lower") for bound in ("maximum", "exclusiveMaximum", "maxLength")
]


def narrowed(old: Mapping[str, Any], new: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """What one schema takes and the other refuses, as far as keywords of the two can be compared."""

    def kinds(schema: Mapping[str, Any]) -> set[str]:
        named = schema.get("type", ())
        return {named} if isinstance(named, str) else set(named)

    if kinds(old) - kinds(new):
        yield f"{path} no longer takes {sorted(kinds(old) - kinds(new))}"
    if "enum" in new and not set(old.get("enum", ["anything"])) <= set(new["enum"]):
        yield f"{path} takes fewer choices"
    for keyword in ("pattern", "propertyNames"):
        if keyword in new and new[keyword] != old.get(keyword):
            yield f"{path} has another {keyword}"
    for bound, sign, word in BOUNDS:
        if bound in new and sign * new[bound] > sign * old.get(bound, -sign * float("inf")):
            yield f"{path} has a {word} {bound}"
    yield from narrowed_keys(old, new, path)


def narrowed_keys(old: Mapping[str, Any], new: Mapping[str, Any], path: str) -> Iterator[str]:
    if new.get("additionalProperties") is False and old.get("additionalProperties") is not False:
        yield f"{path} no longer takes other names"
    for group in ("properties", "patternProperties"):
        for key, inner in old.get(group, {}).items():
            if key not in new.get(group, {}):
                yield f"{path}.{key} is gone"
            else:
                yield from narrowed(inner, new[group][key], f"{path}.{key}")
    free = old.get("additionalProperties"), new.get("additionalProperties")
    if isinstance(free[0], Mapping) and isinstance(free[1], Mapping):
        yield from narrowed(free[0], free[1], f"{path}.*")


@pytest.mark.parametrize("library", released.LIBRARIES)
def test_the_schema_takes_all_that_the_released_one_took(library: str) -> None:
    old = json.loads(released.content(released.package(library, VERSION))["values.schema.json"])
    new = json.loads((released.CHARTS / library / "values.schema.json").read_text())
    assert list(narrowed(old, new)) == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ({"type": ["string", "null"]}, {"type": "string"}, "x no longer takes ['null']"),
        ({"enum": ["a", "b"]}, {"enum": ["a", "c"]}, "x takes fewer choices"),
        ({}, {"enum": ["a"]}, "x takes fewer choices"),
        ({"pattern": "^a"}, {"pattern": "^aa"}, "x has another pattern"),
        ({}, {"propertyNames": {"pattern": "^a"}}, "x has another propertyNames"),
        ({"minimum": 1}, {"minimum": 2}, "x has a higher minimum"),
        ({}, {"maxLength": 5}, "x has a lower maxLength"),
        ({}, {"additionalProperties": False}, "x no longer takes other names"),
        ({"properties": {"y": {}}}, {"properties": {"z": {}}}, "x.y is gone"),
        ({"properties": {"y": {}}}, {"properties": {"y": {"maximum": 1}}}, "x.y has a lower maximum"),
        ({"additionalProperties": {}}, {"additionalProperties": {"minLength": 1}}, "x.* has a higher minLength"),
    ],
)
def test_each_way_to_narrow_a_schema_is_found(old: dict[str, Any], new: dict[str, Any], says: str) -> None:
    """The control."""
    assert list(narrowed(old, new, "x")) == [says]
    assert list(narrowed(old, old, "x")) == []
