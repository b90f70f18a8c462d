"""Values over values, as Helm lays one `-f` file over the one before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`above` laid over `below`: maps are merged, everything else is replaced. A null stays, for Helm to act on."""
    merged = dict(below)
    for key, value in above.items():
        known = merged.get(key)
        merged[key] = over(known, value) if isinstance(known, Mapping) and isinstance(value, Mapping) else value
    return merged
