"""Reads what Helm rendered: a stream of YAML documents, each a Kubernetes object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from chart_harness.errors import RenderError
from chart_harness.frozen import freeze
from chart_harness.scalars import read_scalars_as_go_does

# The C parser reads a release in a tenth of the time; some platforms have no wheel with it.
_BaseLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _StrictLoader(_BaseLoader):  # type: ignore[misc]  # one of two loader classes, known only when this is imported
    """A safe loader for which the same key twice in one mapping is an error, as it is for the API server."""


def _mapping(loader: Any, node: yaml.MappingNode) -> dict[Any, Any]:
    loader.flatten_mapping(node)
    seen: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in seen:
            raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} is there twice", key_node.start_mark)
        seen[key] = loader.construct_object(value_node, deep=True)
    return seen


_StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
read_scalars_as_go_does(_StrictLoader)


def documents(text: str) -> list[Any]:
    """The YAML documents of `text`, read as Helm and kubectl read them; empty ones are left out. Raises yaml.YAMLError."""
    return [document for document in yaml.load_all(text, Loader=_StrictLoader) if document is not None]


def parse(text: str) -> tuple[Mapping[str, Any], ...]:
    """The objects of a manifest, deeply read-only, in the order they were rendered; empty documents are left out.

    Raises RenderError for text that is no YAML, a document that is no object with apiVersion, kind and metadata.name, and
    two objects of the same kind, namespace and name, of which the cluster would keep only the last.
    """
    try:
        found = documents(text)
    except yaml.YAMLError as error:
        raise RenderError(f"The rendered manifest is not valid YAML: {' '.join(str(error).split())}.") from error
    seen = set()
    for position, document in enumerate(found, start=1):
        identity = _identity(document)
        if identity is None:
            raise RenderError(
                f"Document {position} of the manifest has no apiVersion, kind and metadata.name: add them."
            )
        if identity in seen:
            _, kind, namespace, name = identity
            where = f" in namespace {namespace}" if namespace else ""
            raise RenderError(f"The chart renders {kind} {name}{where} twice: one would replace the other.")
        seen.add(identity)
    return tuple(freeze(document) for document in found)


def _identity(document: object) -> tuple[str, str, str, str] | None:
    if not isinstance(document, dict) or not isinstance(document.get("metadata"), dict):
        return None
    api_version, kind = document.get("apiVersion"), document.get("kind")
    name, namespace = document["metadata"].get("name"), document["metadata"].get("namespace")
    if not (isinstance(api_version, str) and isinstance(kind, str) and isinstance(name, str) and name):
        return None
    group = api_version.rpartition("/")[0]
    return group, kind, str(namespace or ""), name
