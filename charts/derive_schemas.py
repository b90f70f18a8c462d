"""Derives every chart's values.schema.json from values-schema.json: `python charts/derive_schemas.py [--check]`.

Helm asks each chart's schema: a library's about the values under the library's name, a service's about all of them. So a
service's schema says which keys there are at the root, and leaves what is below a subchart's name to that chart. A schema
must stand alone, since Helm fetches nothing: references are written out. JSON Schema draft 7, which Helm 3 reads too.
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

SOURCE = "values-schema.json"
LIBRARIES = ("metrics", "workload")
_DRAFT = "http://json-schema.org/draft-07/schema#"


class SchemaError(ValueError):
    """values-schema.json, or a chart it is derived for, is not as it must be."""


def derive(root: Path) -> dict[Path, str]:
    """The path and the text of every derived schema, from `root`/values-schema.json and the charts under `root`/charts.

    Raises SchemaError when a file is missing or malformed, or a reference leads nowhere.
    """
    source = _mapping(root / SOURCE)
    schema = _inlined(source, source.get("definitions", {}))
    for library in LIBRARIES:  # Helm puts its global values into every chart's block.
        schema["properties"][library]["properties"]["global"] = schema["properties"]["global"]
    charts = root / "charts"
    derived = {}
    for library in LIBRARIES:
        # Helm fills in a library's own values before it asks the schema, so a key that is missing was removed with null.
        # A service's schema is also asked by `helm lint`, about the service's own values alone: nothing is required there.
        block = copy.deepcopy(schema["properties"][library])
        _require(block, _mapping(charts / library / "values.yaml"))
        derived[charts / library / "values.schema.json"] = _text(f"Values of {library}", block)
    for service in sorted(charts.glob("services/*/Chart.yaml")):
        name = service.parent.name
        derived[service.with_name("values.schema.json")] = _text(f"Values of {name}", _of_service(schema, service))
    return derived


def _of_service(schema: Mapping[str, Any], chart: Path) -> dict[str, Any]:
    """The root keys of the service at `chart`: its own, strictly, and a mapping for each chart that it depends on."""
    properties = dict(schema["properties"])
    for dependency in _mapping(chart).get("dependencies", []):
        name = dependency["name"]
        description = properties.get(name, {}).get("description", f"Values of the {name} chart.")
        properties[dependency.get("alias") or name] = {"description": description, "type": "object"}
    return {**schema, "properties": properties}


def _text(title: str, schema: Mapping[str, Any]) -> str:
    leading = {"$schema": _DRAFT, "$comment": f"Derived from {SOURCE} by `make schema`: change that.", "title": title}
    rest = {key: value for key, value in schema.items() if key not in {*leading, "definitions"}}
    return json.dumps({**leading, **rest}, indent=2, ensure_ascii=False) + "\n"


def _inlined(node: Any, definitions: Mapping[str, Any], above: tuple[str, ...] = ()) -> Any:
    """A copy of `node` in which each `$ref` is replaced by what it names; the keys beside it win."""
    if isinstance(node, list):
        return [_inlined(item, definitions, above) for item in node]
    if not isinstance(node, dict):
        return node
    rest = {
        key: _inlined(value, definitions, above) for key, value in node.items() if key not in {"$ref", "definitions"}
    }
    if "$ref" not in node:
        return rest
    name = str(node["$ref"]).removeprefix("#/definitions/")
    if name not in definitions:
        raise SchemaError(f"{SOURCE} refers to {node['$ref']}, which is not among its definitions: add it there.")
    if name in above:
        raise SchemaError(f"{SOURCE} has a definition {name} that refers to itself: a written-out schema cannot.")
    return {
        **rest,
        **{k: v for k, v in _inlined(definitions[name], definitions, (*above, name)).items() if k not in rest},
    }


def _require(node: dict[str, Any], defaults: Mapping[str, Any]) -> None:
    """Make each key that has a default, and that the schema names, required, all the way down."""
    properties = node.get("properties", {})
    required = [key for key in defaults if key in properties]
    if required:
        node["required"] = required
    for key in required:
        if isinstance(defaults[key], dict):
            _require(properties[key], defaults[key])


def _mapping(path: Path) -> dict[str, Any]:
    try:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8"))  # JSON is YAML
    except OSError as error:
        raise SchemaError(f"{path} cannot be read ({error.strerror}): the schemas are derived from it.") from error
    except yaml.YAMLError as error:
        raise SchemaError(f"{path} is malformed: {' '.join(str(error).split())}.") from error
    if not isinstance(loaded, dict):
        raise SchemaError(f"{path} must hold a mapping.")
    return loaded


def main(arguments: list[str] | None = None) -> int:
    """Write the schemas, or with --check only say which ones are out of date; 0 when all is well, 1 when not."""
    parser = argparse.ArgumentParser(description="Derive every chart's values.schema.json from values-schema.json.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a schema is out of date")
    check: bool = parser.parse_args(arguments).check
    root = Path(__file__).resolve().parent.parent
    try:
        derived = derive(root)
    except SchemaError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    stale = [path for path, text in derived.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if not check:
            path.write_text(derived[path], encoding="utf-8")
        sys.stdout.write(f"{path.relative_to(root)}: {'out of date, run `make schema`' if check else 'written'}\n")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
