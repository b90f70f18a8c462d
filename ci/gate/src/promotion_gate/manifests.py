"""What a verdict is about: the rendered objects, their digest, and whether other objects are the same ones."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chart_harness.render import Release

Objects = Iterable[Mapping[str, Any]]


@dataclass(frozen=True)
class Judged:
    """The release that a verdict will be about, and what it was rendered from."""

    root: Path
    rendered: Release
    """Named after its service, in the namespace of its environment."""
    overrides: Mapping[str, Any]


def manifests_digest(objects: Objects) -> str:
    """SHA-256 of the objects as canonical JSON: what was judged, whatever the order or form of the templates."""
    return hashlib.sha256("\n".join(sorted(map(_canonical, objects))).encode()).hexdigest()


def renamed(objects: Objects, namespace: str, to: str) -> tuple[Mapping[str, Any], ...]:
    """The objects with a namespace's name replaced wherever it stands; it must be a name that nothing else contains."""
    return tuple(json.loads(_canonical(item).replace(namespace, to)) for item in objects)


def without_dashboard_ids(objects: Objects) -> tuple[Mapping[str, Any], ...]:
    """The objects with the `uid` of Grafana's dashboards left out: a hash of the namespace's name, which no renaming puts back."""
    return tuple(_without_dashboard_id(item) if item["kind"] == "ConfigMap" else item for item in objects)


def _without_dashboard_id(item: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**item, "data": {name: _without_uid(text) for name, text in (item.get("data") or {}).items()}}


def _without_uid(text: str) -> str:
    try:
        content = json.loads(text)
    except ValueError:
        return text
    if not isinstance(content, dict) or "panels" not in content:
        return text
    return json.dumps({key: value for key, value in content.items() if key != "uid"})


def difference(judged: Objects, other: Objects) -> str:
    """Names the objects that only one side has, or that differ, as a clause; empty if both sides are the same."""
    ours, theirs = ({_canonical(item): _name(item) for item in side} for side in (judged, other))
    missing = sorted({ours[text] for text in ours.keys() - theirs.keys()})
    added = sorted({theirs[text] for text in theirs.keys() - ours.keys()})
    changed = [name for name in missing if name in added]
    parts = {
        "differs": changed,
        "is missing": [name for name in missing if name not in changed],
        "is there too": [name for name in added if name not in changed],
    }
    return "; ".join(f"{', '.join(names)} {what}" for what, names in parts.items() if names)


def _name(item: Mapping[str, Any]) -> str:
    return f"{item['kind']} {item['metadata']['name']}"


def _canonical(item: Mapping[str, Any]) -> str:
    return json.dumps(item, sort_keys=True, separators=(",", ":"), default=_plain)


def _plain(value: object) -> object:
    """The frozen mappings of a rendered object, as JSON knows them."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} in a rendered object")
