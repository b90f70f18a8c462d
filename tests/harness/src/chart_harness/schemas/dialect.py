"""JSON Schema as the API server reads it: what `null` means, where `$ref` leads, which lists are keyed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from jsonschema import FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.validators import Draft202012Validator, extend

from chart_harness.schemas.formats import FORMATS

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

_Errors = Iterator[ValidationError]


def validator(schema: Mapping[str, Any], definitions: Mapping[str, Mapping[str, Any]]) -> Validator:
    """A validator for `schema`, whose `$ref` are names of `definitions`; threads may share it."""

    def follow(self: Any, reference: str, instance: Any, schema: Mapping[str, Any]) -> _Errors:
        yield from self.descend(instance, definitions[reference.rpartition("/")[2]])

    dialect: Any = extend(Draft202012Validator, {**_KEYWORDS, "$ref": follow})  # type: ignore[no-untyped-call]
    made: Validator = dialect(schema, format_checker=_FORMATS)
    return made


def _left_out(value: Any, field: Any) -> bool:
    """Whether the server takes null for a key that is not there: it does, unless a custom resource says `nullable`."""
    return value is None and "nullable" not in field


def _properties(self: Any, properties: Mapping[str, Any], instance: Any, schema: Mapping[str, Any]) -> _Errors:
    if isinstance(instance, dict):
        for name, field in properties.items():
            if name in instance and not _left_out(instance[name], field):
                yield from self.descend(instance[name], field, path=name, schema_path=name)


def _required(self: Any, required: list[str], instance: Any, schema: Mapping[str, Any]) -> _Errors:
    """A key with a default may be left out: the server fills it in before it looks."""
    if isinstance(instance, dict):
        for name in required:
            field = schema.get("properties", {}).get(name, {})
            if (name not in instance or _left_out(instance[name], field)) and "default" not in field:
                yield ValidationError("is required", path=[name])


def _additional(self: Any, additional: Any, instance: Any, schema: Mapping[str, Any]) -> _Errors:
    if isinstance(instance, dict):
        for name in instance.keys() - schema.get("properties", {}).keys():
            if additional is False:
                yield ValidationError("is unknown", path=[name])
            elif isinstance(additional, dict) and not _left_out(instance[name], additional):
                yield from self.descend(instance[name], additional, path=name)


def _keys(self: Any, rule: Mapping[str, Any], instance: Any, schema: Mapping[str, Any]) -> _Errors:
    """Each key is complained of by its own path, not by that of the mapping."""
    if isinstance(instance, dict):
        for name in instance:
            if not self.evolve(schema=rule).is_valid(str(name)):
                yield ValidationError("is no key", path=[name])


def _keyed(self: Any, keys: list[str], instance: Any, schema: Mapping[str, Any]) -> _Errors:
    """No two items of a keyed list may have the same keys, or one of them would be lost."""
    if isinstance(instance, list):
        seen: list[dict[str, Any]] = []
        for position, item in enumerate(instance):
            if isinstance(item, dict):
                identity = {key: item[key] for key in keys if item.get(key) is not None}
                if identity and identity in seen:
                    yield ValidationError("is there twice", path=[position], instance=identity)
                seen.append(identity)


def _set(self: Any, list_type: str, instance: Any, schema: Mapping[str, Any]) -> _Errors:
    if list_type == "set" and isinstance(instance, list):
        for position, item in enumerate(instance):
            if item in instance[:position]:
                yield ValidationError("is there twice", path=[position], instance=item)


_KEYWORDS = {
    "properties": _properties,
    "required": _required,
    "additionalProperties": _additional,
    "propertyNames": _keys,
    "x-kubernetes-list-map-keys": _keyed,
    "x-kubernetes-list-type": _set,
}
_FORMATS = FormatChecker(formats=())
for _name, _format in FORMATS.items():
    _FORMATS.checks(_name)(lambda value, accepts=_format.accepts: not isinstance(value, str) or accepts(value))
