"""Whether a schema allows an object, answered fast: true only where the full validator is sure to find nothing.

Nearly all that is ever rendered is fine, and jsonschema takes a hundred times as long to say so. A schema is turned into a
function once; what says no, or holds a keyword that is not known here, is left to the full validator, which finds the words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from chart_harness.schemas.formats import FORMATS

Accepts = Callable[[Any], bool]
_Schema = Mapping[str, Any]
_Definitions = Mapping[str, _Schema]

_TYPES: Mapping[str, Accepts] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: type(value) is int,  # 1.0 is one too: the full validator knows
    "number": lambda value: type(value) in (int, float),
    "null": lambda value: value is None,
}
_SAY_NOTHING = frozenset({"default", "description", "example", "externalDocs", "nullable", "title"})
"""Keywords that allow everything; so do all x-kubernetes- ones but those below."""


def acceptance(schema: _Schema, definitions: _Definitions) -> Accepts:
    """A function that tells whether `schema`, whose `$ref` are names of `definitions`, surely allows a value. Threads may share it."""
    return _Compiler(definitions).of(schema)


class _Compiler:
    def __init__(self, definitions: _Definitions) -> None:
        self._definitions = definitions
        self._known: dict[str, Accepts] = {}

    def of(self, schema: _Schema) -> Accepts:
        rules: list[Accepts] = []
        for keyword, value in schema.items():
            make = getattr(self, "_" + _NAMES.get(keyword, keyword), None) if keyword in _KEYWORDS else None
            if make:
                rules.append(make(value, schema))
            elif keyword not in _SAY_NOTHING and not keyword.startswith("x-kubernetes-"):
                return _refuse
        if len(rules) == 1:
            return rules[0]
        return lambda value: _each(rules, value)

    def _type(self, types: Any, _: _Schema) -> Accepts:
        tests = [_TYPES[name] for name in ([types] if isinstance(types, str) else types)]
        return tests[0] if len(tests) == 1 else lambda value: any(test(value) for test in tests)

    def _ref(self, reference: str, _: _Schema) -> Accepts:
        """Compiled when it is first met: definitions name each other in circles, and most are never met."""
        name = reference.rpartition("/")[2]

        def follow(value: Any) -> bool:
            known = self._known.get(name)
            if known is None:
                known = self._known[name] = self.of(self._definitions[name])
            return known(value)

        return follow

    def _properties(self, properties: _Schema, _: _Schema) -> Accepts:
        fields = {name: (self.of(field), "nullable" not in field) for name, field in properties.items()}

        def accepts(value: Any) -> bool:
            if isinstance(value, dict):
                for name, item in value.items():
                    rule, may_be_null = fields.get(name, (None, True))
                    if rule and not (item is None and may_be_null) and not rule(item):
                        return False
            return True

        return accepts

    def _required(self, required: list[str], schema: _Schema) -> Accepts:
        fields = schema.get("properties", {})
        needed = [name for name in required if "default" not in fields.get(name, {})]
        return lambda value: not isinstance(value, dict) or not any(map(_is_null, map(value.get, needed)))

    def _additional(self, additional: Any, schema: _Schema) -> Accepts:
        known = frozenset(schema.get("properties", {}))
        if additional is True:
            return lambda _: True
        if additional is False:
            return lambda value: not isinstance(value, dict) or known.issuperset(value)
        rule = self.of(additional)
        may_be_null = "nullable" not in additional

        def accepts(value: Any) -> bool:
            if isinstance(value, dict):
                for name, item in value.items():
                    if name not in known and not (item is None and may_be_null) and not rule(item):
                        return False
            return True

        return accepts

    def _items(self, items: _Schema, _: _Schema) -> Accepts:
        rule = self.of(items)
        return lambda value: not isinstance(value, list) or all(map(rule, value))

    def _keys(self, names: _Schema, _: _Schema) -> Accepts:
        rule = self.of(names)
        return lambda value: not isinstance(value, dict) or all(map(rule, map(str, value)))

    def _enum(self, allowed: list[Any], _: _Schema) -> Accepts:
        texts = frozenset(value for value in allowed if isinstance(value, str))
        return lambda value: isinstance(value, str) and value in texts

    def _format(self, name: str, _: _Schema) -> Accepts:
        if name not in FORMATS:
            return lambda _: True
        accepts = FORMATS[name].accepts
        return lambda value: not isinstance(value, str) or accepts(value)

    def _pattern(self, pattern: str, _: _Schema) -> Accepts:
        """Compiled when it is first met; one that only Go's engine reads is left to the full validator."""

        def accepts(value: Any) -> bool:
            try:
                return not isinstance(value, str) or re.search(pattern, value) is not None
            except re.error:
                return False

        return accepts

    def _minimum(self, limit: float, _: _Schema) -> Accepts:
        return lambda value: type(value) not in (int, float) or value >= limit

    def _maximum(self, limit: float, _: _Schema) -> Accepts:
        return lambda value: type(value) not in (int, float) or value <= limit

    def _min_length(self, limit: int, _: _Schema) -> Accepts:
        return lambda value: not isinstance(value, str) or len(value) >= limit

    def _keyed(self, keys: list[str], _: _Schema) -> Accepts:
        def accepts(value: Any) -> bool:
            """Items that look alike by their keys are left to the full validator, which knows what they mean."""
            if not isinstance(value, list) or len(value) < 2:
                return True
            try:
                return len({tuple(map(item.get, keys)) for item in value}) == len(value)
            except (AttributeError, TypeError):  # an item is no mapping, a key no text or number
                return False

        return accepts

    def _list(self, list_type: str, _: _Schema) -> Accepts:
        if list_type != "set":
            return lambda _: True
        return lambda value: not isinstance(value, list) or len(value) < 2 or _all_texts(value)


_NAMES = {
    "$ref": "ref",
    "additionalProperties": "additional",
    "propertyNames": "keys",
    "minLength": "min_length",
    "x-kubernetes-list-map-keys": "keyed",
    "x-kubernetes-list-type": "list",
}
_KEYWORDS = frozenset(
    {*_NAMES, "type", "properties", "required", "items", "enum", "format", "pattern", "minimum", "maximum"}
)


def _each(rules: list[Accepts], value: Any) -> bool:
    for rule in rules:  # noqa: SIM110  # all() with a generator takes twice as long
        if not rule(value):
            return False
    return True


def _is_null(value: Any) -> bool:
    return value is None


def _refuse(_: Any) -> bool:
    return False


def _all_texts(values: list[Any]) -> bool:
    return all(isinstance(value, str) for value in values) and len(set(values)) == len(values)
