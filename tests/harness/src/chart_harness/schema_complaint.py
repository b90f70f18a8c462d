"""One complaint of a JSON Schema validator about one value, as a clause of a sentence."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'")
_TYPE = re.compile(r"^got (?P<got>\w+), want (?P<want>[\w ]+)$")
_LIMIT = re.compile(r"^(?P<limit>\w+): got (?P<got>[\d.,-]+), want (?P<want>[\d.,-]+)$")
_PATTERN = re.compile(r"^'(?P<value>.*)' does not match pattern '(?P<pattern>.*)'$", re.DOTALL)
TYPE_WORDS = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "object": "a mapping",
    "string": "a text",
}
LIMIT_WORDS = {
    "maximum": "is {got}, more than the largest allowed, {want}",
    "minimum": "is {got}, less than the smallest allowed, {want}",
    "exclusiveMaximum": "is {got}, and must be less than {want}",
    "exclusiveMinimum": "is {got}, and must be more than {want}",
    "maxLength": "has {got} characters, and may have {want} at most",
    "minLength": "has {got} characters, and must have {want} at least",
}


@dataclass(frozen=True)
class Schema:
    """A JSON Schema that can be asked about a key; an empty one knows nothing and never raises."""

    root: Mapping[str, Any]

    @classmethod
    def of_chart(cls, chart: Path) -> Schema:
        """The chart's values.schema.json; of what is below the name of a chart in charts/, that chart's own says more."""
        own = _read(chart)
        properties = own.get("properties", {})
        below = {
            folder.name: {**properties.get(folder.name, {}), **_read(folder)}
            for folder in sorted(chart.glob("charts/*"))
            if folder.is_dir()
        }
        return cls({**own, "properties": {**properties, **below}})

    def at(self, path: tuple[str, ...]) -> Mapping[str, Any]:
        """The schema of the value at this path; empty where there is none."""
        node: Any = self.root
        for part in path:
            patterns = node.get("patternProperties", {})
            free = next(
                (patterns[name] for name in patterns if re.search(name, part)), node.get("additionalProperties")
            )
            deeper = node.get("properties", {}).get(part, free)
            if not isinstance(deeper, dict):
                return {}
            node = deeper
        return node if isinstance(node, dict) else {}


@dataclass(frozen=True)
class Complaint:
    """What a validator said (`message`) about the value at `path`."""

    path: tuple[str, ...]
    message: str

    @classmethod
    def parse(cls, pointer: str, message: str) -> Complaint:
        """From a JSON pointer (RFC 6901), such as /metrics/port, and the validator's message."""
        parts = tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])
        return cls(parts, message.strip())

    @property
    def key(self) -> str:
        """The value's name as people write it: metrics.port."""
        return dotted(self.path)

    def clause(self, schema: Schema) -> str:
        """What is wrong with the value and what it may be, without a full stop."""
        key = self.key or "the values file"
        names = _QUOTED.findall(self.message)
        if self.message.startswith("additional propert"):
            return self._unknown(names, schema)
        if self.message.startswith("missing propert"):
            missing = ", ".join(dotted((*self.path, name)) for name in names)
            return f"{missing} must be set: null removes the chart's default, so leave the null out"
        if self.message.startswith("value must be one of"):
            return f"{key} must be one of {', '.join(names)}"
        return self._refused(key, schema)

    def _refused(self, key: str, schema: Schema) -> str:
        if kind := _TYPE.match(self.message):
            want = " or ".join(TYPE_WORDS.get(word, word) for word in kind["want"].split(" or "))
            return f"{key} is {TYPE_WORDS.get(kind['got'], kind['got'])}, but must be {want}{self._purpose(schema)}"
        limit = _LIMIT.match(self.message)
        if limit and limit["limit"] in LIMIT_WORDS:
            got, want = limit["got"].replace(",", ""), limit["want"].replace(",", "")
            return f"{key} {LIMIT_WORDS[limit['limit']].format(got=got, want=want)}"
        if pattern := _PATTERN.match(self.message):
            return f'{key} is "{pattern["value"]}", but must look like {pattern["pattern"]}{self._purpose(schema)}'
        return f"{key}: {self.message}"

    def _unknown(self, names: list[str], schema: Schema) -> str:
        node = schema.at(self.path)
        known = sorted(set(node.get("properties", ())) - {"global"})
        clauses = []
        for name in sorted(names):
            close = difflib.get_close_matches(name, known, n=1)
            hint = ""
            if close:
                hint = f": perhaps {dotted((*self.path, close[0]))} was meant"
            elif known:
                hint = f": the known ones are {', '.join(known)}"
            elif patterns := node.get("patternProperties"):
                hint = f": its name must look like {' or '.join(patterns)}"
            clauses.append(f"{dotted((*self.path, name))} is not a known value{hint}")
        return "; ".join(clauses)

    def _purpose(self, schema: Schema) -> str:
        description = str(schema.at(self.path).get("description", "")).split(". ")[0].rstrip(".")
        return f" ({description})" if description else ""


def _read(chart: Path) -> dict[str, Any]:
    try:
        loaded = json.loads((chart / "values.schema.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return loaded if isinstance(loaded, dict) else {}


def dotted(path: Sequence[str | int]) -> str:
    """A path as people write it: spec.ports[0].name, metadata.labels["example.com/team"]."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f'["{part}"]' if re.search(r"[.\s]", part) else f".{part}"
    return text.removeprefix(".")
