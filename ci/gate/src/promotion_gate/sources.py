"""What a release is made from: the chart's files, and what its values files set."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from chart_harness.assembly import chart_files
from chart_harness.fleet import values_files
from chart_harness.layers import over

_ABSENT = object()


def chart_digest(root: Path, service: str) -> str:
    """SHA-256 over the service's chart with its libraries: every file's path and content.

    Without `environments/` and gate.yaml: what an environment's values do is in the digest of its manifests, and a promotion, which
    changes production's, must not change the chart that staging proved. Raises RenderError.
    """
    digest = hashlib.sha256()
    for name, source in sorted(chart_files(root / "charts" / "services" / service).items()):
        if name == "gate.yaml" or name.startswith("environments/"):
            continue
        content = source.read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def layered_values(root: Path, service: str, environment: str) -> dict[str, Any]:
    """The service's values for the environment: values.yaml and the environment's file over it. Raises FleetError."""
    values: dict[str, Any] = {}
    for path in values_files(root, service, environment)[1]:
        values = over(values, yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    return values


def set_values(root: Path, service: str, environment: str, keys: Iterable[str]) -> dict[str, Any]:
    """Of these dotted paths, those that the service's values set for the environment. Raises FleetError."""
    values = layered_values(root, service, environment)
    found = {key: at(values, key) for key in keys}
    return {key: value for key, value in found.items() if value is not _ABSENT}


def at(values: Mapping[str, Any], path: str, default: Any = _ABSENT) -> Any:
    """What stands at a dotted path; `default` if nothing does."""
    place: Any = values
    for part in path.split("."):
        if not isinstance(place, Mapping) or part not in place:
            return default
        place = place[part]
    return place
