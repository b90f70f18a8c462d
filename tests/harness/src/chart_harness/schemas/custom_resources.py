"""The schemas of kinds that a CustomResourceDefinition adds to a cluster."""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from chart_harness import fleet_render_store as store
from chart_harness.manifest import documents
from chart_harness.schemas.structural import strict_object
from cluster_images.crds import prometheus_operator_crds
from cluster_images.go_modules import GoBuildError

OPERATOR_GROUP = "monitoring.coreos.com"
_SUFFIXES = {".yaml", ".yml", ".json"}


class DefinitionError(ValueError):
    """CustomResourceDefinitions cannot be had or read; the message is a sentence."""


def operator_definitions() -> Path:
    """The folder of the Prometheus Operator's definitions. Raises DefinitionError when it cannot be had."""
    try:
        return prometheus_operator_crds()
    except GoBuildError as error:
        raise DefinitionError(f"The Prometheus Operator's definitions cannot be had: {error}") from error


def find(objects: Iterable[Mapping[str, Any]], api_version: str, kind: str) -> dict[str, Any] | None:
    """The strict schema of a kind among these objects, of which those that are no CustomResourceDefinition are passed over.

    None when no definition serves the kind in this version. Pure.
    """
    group, _, version = api_version.rpartition("/")
    for definition in objects:
        if definition.get("kind") != "CustomResourceDefinition":
            continue
        spec = definition["spec"]
        if (spec["group"], spec["names"]["kind"]) != (group, kind):
            continue
        for served in spec["versions"]:
            if served["name"] == version and served.get("served"):
                return strict_object(served["schema"]["openAPIV3Schema"], api_version, kind)
    return None


def read(place: Path, kind: str) -> Iterator[Mapping[str, Any]]:
    """The objects of the YAML files in `place`, a file or a folder with folders, of those files that name `kind`.

    Raises DefinitionError for a file that is no YAML.
    """
    for file in files(place):
        yield from _read(file, file.stat().st_mtime_ns, kind)


def files(place: Path) -> list[Path]:
    """The YAML files of `place`, a file or a folder with folders, sorted; none where there is no such place."""
    if place.is_file():
        return [place]
    return sorted(path for path in place.rglob("*") if path.suffix in _SUFFIXES and path.is_file())


@lru_cache(maxsize=256)
def _read(file: Path, changed: int, kind: str) -> tuple[Mapping[str, Any], ...]:
    text = file.read_text(encoding="utf-8")
    # A cluster's definitions are megabytes of YAML; the line is cheap to look for.
    if kind not in text or not re.search(rf"""kind["']?\s*:\s*["']?{re.escape(kind)}\b""", text):
        return ()
    key = hashlib.sha256(f"{sys.version}\0{text}".encode()).hexdigest()
    kept = store.read(key, store.definitions())
    if kept is not None:
        return tuple(kept)
    try:
        found = [item for item in documents(text) if isinstance(item, dict)]
    except yaml.YAMLError as error:
        raise DefinitionError(f"{file} is not valid YAML: {' '.join(str(error).split())}.") from error
    store.write(key, found, store.definitions())
    return tuple(found)
