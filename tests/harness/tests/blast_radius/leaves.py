"""Every place of plain YAML that holds a value, and another value for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Steps = tuple[str | int, ...]


def leaves(value: Any, steps: Steps = ()) -> Iterator[Steps]:
    """The way to everything that holds nothing more."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    within = [leaf for key, item in items for leaf in leaves(item, (*steps, key))]
    yield from within or [steps]


def another(value: Any) -> Any:
    """A value of the same type that means something else."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        return {"TCP": "UDP", "Ingress": "Egress", "Egress": "Ingress", "10.0.0.0/8": "11.0.0.0/8", "1Gi": "2Gi"}.get(
            value, f"{value}x"
        )
    return {"x": "y"} if isinstance(value, dict) else ["x"]
