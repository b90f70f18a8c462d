"""Writes the tables of values into the libraries' README.md: `python charts/derive_readme.py [--check]`.

What a key means comes from values-schema.json, its default from the library's values.yaml. All that stands after the marker
is replaced; what stands above it is written by hand.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

MARKER = "<!-- From here on derived from values-schema.json and values.yaml by `make schema`. -->\n"
LIBRARIES = ("metrics", "workload")
_TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "`true` or `false`",
    "array": "list of texts",
    "object": "map",
}


class ReadmeError(ValueError):
    """A README.md, or what it is derived from, is not as it must be."""


@dataclass(frozen=True)
class Row:
    """One line of a table: a key that takes a value."""

    key: str
    takes: str
    default: str
    meaning: str

    def __str__(self) -> str:
        return f"| `{self.key}` | {self.takes} | {self.default} | {_escaped(self.meaning)} |"


@dataclass
class _Reader:
    """Goes through a schema; a definition is told in full where it is first met, and by its place later."""

    definitions: Mapping[str, Any]
    told: dict[str, str] = field(default_factory=dict)

    def rows(self, key: str, node: Mapping[str, Any], default: Any) -> Iterator[Row]:
        """The rows of `key` and of all below it; `default` is None for what has none."""
        meaning = str(node.get("description", ""))
        reference = str(node.get("$ref", "")).removeprefix("#/definitions/")
        if reference and reference not in self.definitions:
            raise ReadmeError(
                f"values-schema.json refers to {node['$ref']} at {key}, which it does not define: add it."
            )
        full = {**self.definitions[reference], **node} if reference else node
        below = self._below(full)
        if not below:
            yield Row(key, _takes(full), _literal(default), meaning)
            return
        if reference and reference in self.told:
            yield Row(key, f"as `{self.told[reference]}`", _literal(default), meaning)
            return
        if reference:
            self.told[reference] = key
        if meaning:
            yield Row(key, "map", "" if "properties" in full and default else _literal(default), meaning)
        for name, inner in below.items():
            inside = default.get(name) if isinstance(default, Mapping) else None
            yield from self.rows(f"{key}.{name}", inner, inside)

    def _below(self, node: Mapping[str, Any]) -> dict[str, Any]:
        """The keys below a map that are worth rows of their own: named ones, and maps under free names."""
        below = dict(node.get("properties", {}))
        free = _free(node) or {}
        if "properties" in {**self.definitions.get(str(free.get("$ref", "")).rpartition("/")[2], {}), **free}:
            below["<name>"] = free
        return below


def derive(root: Path) -> dict[Path, str]:
    """The path and the whole text of each library's README.md.

    Raises ReadmeError when a file is missing, has no marker, or the schema refers to what it does not define.
    """
    source = json.loads(_read(root / "values-schema.json"))
    blocks = dict(source["properties"])
    libraries = {name: blocks.pop(name) for name in LIBRARIES}
    texts = {}
    for library, block in libraries.items():
        reader = _Reader(source.get("definitions", {}))
        path = root / "charts" / library / "README.md"
        defaults = yaml.safe_load(_read(path.with_name("values.yaml")))
        parts = list(_sections(reader, library, block, defaults))
        if library == "metrics":
            beside = [row for name, node in blocks.items() for row in reader.rows(name, node, None)]
            parts.append(
                _table("Beside the block", "Keys at the top of a service's values that this chart reads.", beside)
            )
        head, marker, _ = _read(path).partition(MARKER)
        if not marker:
            raise ReadmeError(f"{path} has no line {MARKER.strip()}: put it where the tables of values belong.")
        texts[path] = head + marker + "\n" + "\n".join(parts)
    return texts


def _sections(reader: _Reader, library: str, block: Mapping[str, Any], defaults: Mapping[str, Any]) -> Iterator[str]:
    """A table of the keys that are no maps, then one for each map of keys."""
    groups = {name: node for name, node in block["properties"].items() if "properties" in node}
    tables = [  # before the free maps, such as units, which then refer to them
        _table(
            f"`{library}.{name}`",
            str(node["description"]),
            [
                row
                for key, value in node["properties"].items()
                for row in reader.rows(f"{name}.{key}", value, defaults.get(name, {}).get(key))
            ],
        )
        for name, node in groups.items()
    ]
    plain = [
        row
        for name, node in block["properties"].items()
        if name not in groups
        for row in reader.rows(name, node, defaults.get(name))
    ]
    yield _table(f"`{library}`", str(block["description"]), plain)
    yield from tables


def _table(title: str, meaning: str, rows: list[Row]) -> str:
    head = f"### {title}\n\n{_escaped(meaning)}\n\n| key | takes | default | meaning |\n|---|---|---|---|"
    return "\n".join([head, *map(str, rows), ""])


def _takes(node: Mapping[str, Any]) -> str:
    if "enum" in node:
        return ", ".join(f"`{choice}`" for choice in node["enum"] if choice is not None)
    kinds = [each for each in _listed(node.get("type", "object")) if each != "null"]
    if kinds == ["object"]:
        free = _free(node) or {}
        inner = [each for each in _listed(free.get("type", [])) if each != "null"]
        if inner == ["object"]:
            return f"map of {_takes(free)}"
        return f"map of {' or '.join(_TYPES[each] for each in inner)}" if inner else "map"
    return " or ".join(_TYPES[each] for each in kinds) + _bounds(node)


def _free(node: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The schema of what a map holds under names that its user chooses."""
    candidates = [*node.get("patternProperties", {}).values(), node.get("additionalProperties")]
    return next((each for each in candidates if isinstance(each, Mapping)), None)


def _listed(kinds: str | list[str]) -> list[str]:
    return [kinds] if isinstance(kinds, str) else list(kinds)


def _bounds(node: Mapping[str, Any]) -> str:
    low, high = node.get("minimum"), node.get("maximum")
    above, under = node.get("exclusiveMinimum"), node.get("exclusiveMaximum")
    if low is not None and high is not None:
        return f", {low} to {high}"
    words = {"from": low, "above": above, "to": high, "below": under}
    return "".join(f", {word} {bound}" for word, bound in words.items() if bound is not None)


def _literal(default: Any) -> str:
    """A default as one would write it in values.yaml."""
    if default is None:
        return ""
    return f"`{json.dumps(default, ensure_ascii=False)}`"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "\\<")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ReadmeError(f"{path} cannot be read ({error.strerror}): the tables of values need it.") from error


def main(arguments: list[str] | None = None) -> int:
    """Write the tables, or with --check only say which are out of date; 0 when all is well, 1 when not."""
    parser = argparse.ArgumentParser(description="Write the tables of values into the libraries' README.md.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a table is out of date")
    check: bool = parser.parse_args(arguments).check
    root = Path(__file__).resolve().parent.parent
    try:
        derived = derive(root)
    except ReadmeError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    stale = [path for path, text in derived.items() if path.read_text(encoding="utf-8") != text]
    for path in stale:
        if not check:
            path.write_text(derived[path], encoding="utf-8")
        sys.stdout.write(f"{path.relative_to(root)}: {'out of date, run `make schema`' if check else 'written'}\n")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
