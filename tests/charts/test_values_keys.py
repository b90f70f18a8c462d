"""Every key of the values changes the render where it should, and rubbish in it is one sentence that names it."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from chart_harness.fleet import values_files
from chart_harness.layers import over
from chart_harness.render import Release, RenderError, render
from tests.charts.keys.row import ANYTHING, Row, is_at, places

ROOT = Path(__file__).resolve().parents[2]
MODULES = [path.stem for path in sorted((Path(__file__).parent / "keys").glob("*.py")) if path.stem != "row"]
ROWS: dict[str, Row] = {}
TWICE: list[str] = []
for module in MODULES:
    for row_key, row in importlib.import_module(f"tests.charts.keys.{module}").RENDERS.items():
        TWICE += [row_key] if row_key in ROWS else []
        ROWS[row_key] = row


def leaves(node: Mapping[str, Any], definitions: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """The keys of the values that hold no further keys, with their schemas; `*` for a name that the values choose."""
    node = {**definitions.get(str(node.get("$ref", "")).rpartition("/")[2], {}), **node}
    inner = {**node.get("properties", {})}
    for free in (node.get("additionalProperties"), *node.get("patternProperties", {}).values()):
        if isinstance(free, dict):
            inner["*"] = free
    for key, value in inner.items():
        yield from leaves(value, definitions, f"{path}.{key}" if path else key)
    if not inner and path != "global":
        yield path, node


SCHEMA = json.loads((ROOT / "values-schema.json").read_text())
KEYS: dict[str, Mapping[str, Any]] = dict(leaves(SCHEMA, SCHEMA["definitions"]))


def rubbish(schema: Mapping[str, Any]) -> Iterator[Any]:
    """Values that the schema of a leaf refuses, one for each thing that it asks for."""
    yield {"rubbish": {"more": "rubbish"}}  # no leaf is a mapping
    if "enum" in schema:
        yield "rubbish"
    if "pattern" in schema:
        yield "no, no!"
    if schema.get("minLength"):
        yield ""
    if "maxLength" in schema:
        yield "x" * (schema["maxLength"] + 1)
    if "minimum" in schema:
        yield schema["minimum"] - 1
    if "exclusiveMinimum" in schema:
        yield schema["exclusiveMinimum"]
    if "maximum" in schema:
        yield schema["maximum"] + 1
    if "exclusiveMaximum" in schema:
        yield schema["exclusiveMaximum"]
    if "array" in schema.get("type", ()):
        yield "not a list"


def batches() -> Iterator[tuple[Row, dict[str, Any]]]:
    """Rubbish that one render can be fed at once: the n-th of each key whose rows agree on what else is given."""
    found: dict[str, tuple[Row, dict[str, Any]]] = {}
    for key, schema in KEYS.items():
        row = ROWS.get(key, Row(None, ""))
        for position, value in enumerate(rubbish(schema)):
            alike = (
                f"{row.service} {row.environment} {json.dumps(row.given, sort_keys=True)} {row.api_versions} {position}"
            )
            found.setdefault(alike, (row, {}))[1][key] = value
    yield from found.values()


RUBBISH = list(batches())


def rendered(row: Row, overrides: Mapping[str, Any]) -> Release:
    chart, files = values_files(ROOT, row.service, row.environment)
    return render(
        chart,
        name=row.service,
        namespace=row.environment,
        values=files,
        overrides=overrides,
        api_versions=row.api_versions,
    )


def test_every_key_has_a_row() -> None:
    without, unknown = sorted(set(KEYS) - set(ROWS)), sorted(set(ROWS) - set(KEYS))
    assert not without, f"Add a row to a module of tests/charts/keys for: {', '.join(without)}"
    assert not unknown, f"values-schema.json has no such key: {', '.join(unknown)}"
    assert not TWICE, f"One row for each key, but there are two for: {', '.join(TWICE)}"


@pytest.mark.parametrize("key", ROWS)
def test_the_key_shows(key: str) -> None:
    row = ROWS[key]
    if row.stops:
        assert rendered(row, row.given).objects
        with pytest.raises(RenderError) as caught:
            rendered(row, row.overrides(key, row.value))
        assert caught.value.sentence.startswith(row.stops)
        return
    before, after = places(rendered(row, row.given)), places(rendered(row, row.overrides(key, row.value)))
    changed = {
        place for place in before.keys() | after.keys() if before.get(place, ANYTHING) != after.get(place, ANYTHING)
    }
    there = sorted(place for place in changed if is_at(place, row.where))
    assert there, f"{key} changes nothing at {row.where}, but {sorted(changed) or 'nothing at all'}"
    if row.shows is not ANYTHING:
        assert [after.get(place) for place in there] == [row.shows]


@pytest.mark.parametrize(
    ("alike", "values"), RUBBISH, ids=[f"{next(iter(values))}-{len(values)}" for _, values in RUBBISH]
)
def test_rubbish_is_refused_by_name(alike: Row, values: Mapping[str, Any]) -> None:
    rows = {key: ROWS.get(key, Row(None, "")) for key in values}
    overrides = dict(alike.given)
    for key, value in values.items():
        overrides = over(overrides, rows[key].only(key, value))
    with pytest.raises(RenderError) as caught:
        rendered(alike, overrides)
    clauses = caught.value.sentence.split("; ")
    for key, row in rows.items():
        name = key.replace("*", row.name)
        assert [clause for clause in clauses if clause.startswith((f"{name} ", f"{name}."))], caught.value.sentence


def test_every_key_is_fed_rubbish() -> None:
    fed = [key for _, values in RUBBISH for key in values]
    assert set(fed) == set(KEYS)
    assert len(fed) > 1.5 * len(KEYS)


def test_a_key_that_does_nothing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    for broken in (
        Row(8080, "Service spec.ports"),
        Row(9000, "ServiceMonitor spec.selector"),
        Row(9000, "Service spec.ports[0].port", 1),
    ):
        monkeypatch.setitem(ROWS, "metrics.port", broken)
        with pytest.raises(AssertionError):
            test_the_key_shows("metrics.port")


def test_a_key_without_a_row_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KEYS, "metrics.new", {"type": "string"})
    with pytest.raises(AssertionError, match=r"metrics\.new"):
        test_every_key_has_a_row()
