"""Finds the schema of each rendered object, and says what the API server would refuse of it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from chart_harness.frozen import thaw
from chart_harness.schemas import custom_resources
from chart_harness.schemas.builtin import kubernetes
from chart_harness.schemas.checked import Checked
from chart_harness.schemas.complaint import clauses
from chart_harness.schemas.custom_resources import DefinitionError

_DEFINITION = ("apiextensions.k8s.io/v1", "CustomResourceDefinition")


def complaints(objects: Sequence[Mapping[str, Any]], *, version: str, crds: Sequence[Path] = ()) -> list[str]:
    """What the API server of this version of Kubernetes would refuse of `objects`: sorted sentences, none if nothing.

    Arguments:
        version: such as 1.34.0.
        crds: files and folders with the CustomResourceDefinitions of the cluster, beside those among `objects` and those
            of the Prometheus Operator.

    Threads may call it. Raises NoSchemasError for a version without schemas, DefinitionError for crds that cannot be read.
    """
    found = []
    for item in (thaw(item) for item in objects):
        schema = _validator(item, objects, version, crds)
        said = [_unknown_kind(item, version)] if schema is None else clauses(schema, item)
        found += [f"{item['kind']} {item['metadata']['name']}: {clause}." for clause in said]
    return sorted(found)


def _validator(
    item: Mapping[str, Any], objects: Iterable[Mapping[str, Any]], version: str, crds: Sequence[Path]
) -> Checked | None:
    api_version, kind = item["apiVersion"], item["kind"]
    if known := _of_kubernetes(version, api_version, kind):
        return known
    rendered = [thaw(other) for other in objects if _is_definition(other)]
    # One that is wrong itself is complained of as an object, and is no schema for others.
    definitions = [definition for definition in rendered if not _refused(definition, version)]
    for place in crds:
        definitions += _sound(custom_resources.read(place, kind), place, version)
    if schema := custom_resources.find(definitions, api_version, kind):
        return Checked(schema, kubernetes(version).definitions)
    return _of_operator(version, api_version, kind)


def _is_definition(item: Mapping[str, Any]) -> bool:
    return (item.get("apiVersion"), item.get("kind")) == _DEFINITION


def _refused(definition: Mapping[str, Any], version: str) -> list[str]:
    schema = _of_kubernetes(version, *_DEFINITION)
    return clauses(schema, definition) if schema else []


def _sound(items: Iterable[Mapping[str, Any]], place: Path, version: str) -> list[Mapping[str, Any]]:
    definitions = [item for item in items if _is_definition(item)]
    for definition in definitions:
        if said := _refused(definition, version):
            raise DefinitionError(f"A CustomResourceDefinition in {place} is wrong: {'; '.join(said)}.")
    return definitions


@cache
def _of_kubernetes(version: str, api_version: str, kind: str) -> Checked | None:
    known = kubernetes(version)
    schema = known.schema(api_version, kind)
    return Checked(schema, known.definitions) if schema else None


@cache
def _of_operator(version: str, api_version: str, kind: str) -> Checked | None:
    if not api_version.startswith(f"{custom_resources.OPERATOR_GROUP}/"):
        return None
    definitions = custom_resources.read(custom_resources.operator_definitions(), kind)
    schema = custom_resources.find(definitions, api_version, kind)
    return Checked(schema, kubernetes(version).definitions) if schema else None


def _unknown_kind(item: Mapping[str, Any], version: str) -> str:
    """That nothing knows the kind, and what was meant: another version of it, or a name like it."""
    api_version, kind = item["apiVersion"], item["kind"]
    known = kubernetes(version)
    elsewhere = sorted(name for name, other in known.kinds if other == kind)
    alike = difflib.get_close_matches(kind, sorted({other for name, other in known.kinds if name == api_version}), n=1)
    hint = f" (but in {' and '.join(elsewhere)})" if elsewhere else f" (but a kind {alike[0]})" if alike else ""
    return (
        f"Kubernetes {known.minor} has no kind {kind} in {api_version}{hint}, and no CustomResourceDefinition at hand adds it: "
        "correct apiVersion and kind, or put the definition into the chart's crds folder, into charts/crds of the fleet, or "
        "where the argument crds of render() says"
    )
