"""The schemas of Kubernetes' own kinds, a set for each minor version, as the package kubernetes-validate carries them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from chart_harness.schemas.server_rules import METADATA, add_server_rules, name_rule

# Strict: an unknown field is an error, as it is for `kubectl apply --validate=strict`.
_PACKAGE = find_spec("kubernetes_validate")  # imported, it would bring jsonschema with it: a tenth of a second
if _PACKAGE is None or _PACKAGE.origin is None:
    raise ImportError("The package kubernetes-validate is missing: run make again, it is in requirements.lock.")
_FOLDERS = Path(_PACKAGE.origin).parent / "kubernetes-json-schema"
_FOLDER_NAME = re.compile(r"v(?P<minor>\d+\.\d+)\.0-local-strict")


class NoSchemasError(LookupError):
    """There are no schemas for this version of Kubernetes; the message lists the versions there are."""


@dataclass(frozen=True)
class Kubernetes:
    """The schemas of one minor version; read-only by agreement, so threads may share it.

    `definitions` are the schemas by the name that `$ref` uses; `kinds` names, for each (apiVersion, kind), its definition.
    """

    minor: str
    definitions: Mapping[str, dict[str, Any]]
    kinds: Mapping[tuple[str, str], str]

    def schema(self, api_version: str, kind: str) -> dict[str, Any] | None:
        """The schema of this kind with the rule for its objects' names; None when this version has no such kind."""
        definition = self.kinds.get((api_version, kind))
        return None if definition is None else {"$ref": definition, **name_rule(api_version, kind)}


@cache
def minors() -> tuple[str, ...]:
    """The minor versions of Kubernetes that there are schemas for, such as 1.34, oldest first."""
    found = [match["minor"] for folder in _FOLDERS.iterdir() if (match := _FOLDER_NAME.fullmatch(folder.name))]
    return tuple(sorted(found, key=lambda minor: tuple(map(int, minor.split(".")))))


@cache
def kubernetes(version: str) -> Kubernetes:
    """The schemas of `version`, such as 1.34.0 or v1.34; its patch number changes no schema.

    Loaded once in a process (some 15 ms). Raises NoSchemasError for a version there are none for.
    """
    minor = ".".join(version.removeprefix("v").split(".")[:2])
    if minor not in minors():
        raise NoSchemasError(f"There are no schemas for Kubernetes {version}: choose one of {', '.join(minors())}.")
    file = _FOLDERS / f"v{minor}.0-local-strict" / "_definitions.json"
    definitions = json.loads(file.read_text(encoding="utf-8"))["$defs"]
    for definition in definitions.values():
        _complete(definition)
    add_server_rules(definitions)
    kinds = {
        (f"{known['group']}/{known['version']}".removeprefix("/"), known["kind"]): name
        for name, definition in definitions.items()
        # DeleteOptions and such are claimed by every group, but are no objects of a cluster.
        if definition.get("properties", {}).get("metadata", {}).get("$ref", "").endswith(METADATA)
        for known in definition.get("x-kubernetes-group-version-kind", ())
    }
    return Kubernetes(minor, definitions, kinds)


def _complete(schema: dict[str, Any]) -> None:
    """Write out the range of a Go int32, and take out `null`: the validator allows it where the server does, below a key."""
    if isinstance(schema.get("type"), list):
        (schema["type"],) = set(schema["type"]) - {"null"}
    if schema.get("format") == "int32":
        schema |= {"minimum": -(2**31), "maximum": 2**31 - 1}
    for part in ("items", "additionalProperties"):
        if isinstance(schema.get(part), dict):
            _complete(schema[part])
    for field in schema.get("properties", {}).values():
        _complete(field)
