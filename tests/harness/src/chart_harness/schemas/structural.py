"""The schema of a CustomResourceDefinition, made as strict as the server is with `--validate=strict`.

A definition's openAPIV3Schema says what is kept; the server drops, or strictly refuses, every other field. That is written
out here as `additionalProperties: false`, and OpenAPI's `nullable` and int-or-string as JSON Schema has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chart_harness.schemas.server_rules import METADATA

_IDENTITY: dict[str, Any] = {
    "apiVersion": {"type": "string"},
    "kind": {"type": "string"},
    "metadata": {"type": "object"},
}
_INT_OR_STRING = "x-kubernetes-int-or-string"
_KEEPS_ALL = "x-kubernetes-preserve-unknown-fields"
_EMBEDDED = "x-kubernetes-embedded-resource"


def strict_object(schema: Mapping[str, Any], api_version: str, kind: str) -> dict[str, Any]:
    """The schema of a whole object; its metadata is that of every kind, by `$ref`. Pure."""
    whole = _strict({**schema, _EMBEDDED: True})
    given = whole["properties"]
    whole["properties"] = {
        **given,
        "apiVersion": {"type": "string", "enum": [api_version]},
        "kind": {"type": "string", "enum": [kind]},
        "metadata": _metadata(given["metadata"], {"name": {"format": "dns-subdomain"}}),
    }
    whole["required"] = sorted({*whole.get("required", ()), "metadata"})
    return whole


def _strict(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Only what holds fields is followed: below anyOf, allOf, oneOf and not a definition may only restrict values."""
    strict = dict(schema)
    if schema.get(_INT_OR_STRING):
        strict["type"] = ["integer", "string"]
        # The two forms of this anyOf are the types above.
        strict.pop("anyOf", None)
    if isinstance(schema.get("items"), Mapping):
        strict["items"] = _strict(schema["items"])
    if isinstance(schema.get("additionalProperties"), Mapping):
        strict["additionalProperties"] = _strict(schema["additionalProperties"])
    fields = {name: _strict(field) for name, field in schema.get("properties", {}).items()}
    if schema.get(_EMBEDDED):
        fields = {**_IDENTITY, **fields}
        fields["metadata"] = _metadata(fields["metadata"], {})
    if fields:
        strict["properties"] = fields
    if schema.get("type") == "object" and not schema.get(_KEEPS_ALL):
        strict.setdefault("additionalProperties", False)
    if schema.get("nullable") and "type" in strict:
        types = strict["type"]
        strict["type"] = [*([types] if isinstance(types, str) else types), "null"]
    if "default" not in schema:
        # Said of every field, as null is no way to leave out one that has no default: server-side apply refuses it.
        strict["nullable"] = bool(schema.get("nullable"))
    return strict


def _metadata(given: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """A definition may restrict the name in metadata, and nothing else."""
    return {"$ref": METADATA, "properties": {**given.get("properties", {}), **more}}
