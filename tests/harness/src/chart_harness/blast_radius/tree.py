"""Where two trees of plain YAML differ: items of lists are matched by their name, so one more at the front is one difference."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

MISSING: Any = type("Missing", (), {"__repr__": lambda _: "MISSING"})()
"""Stands for what is not there, which is not the same as null."""

Found = tuple[str, Any, Any]
Whole = Callable[[str, Any, Any], bool]

# What tells the items of a list apart, the first that all of them have and no two share.
_KEYS = ("name", "port", "mountPath", "key")


def differences(before: Any, after: Any, *, whole: Whole = lambda *_: False) -> Iterator[Found]:
    """Each place where the trees differ: its path, as `spec.containers[app].image`, and both values, MISSING where there is none.

    Arguments:
        whole: asked with a path and both values whether they are told as one difference, with all that is below them.
    """
    yield from _walk("", before, after, whole)


def _walk(path: str, before: Any, after: Any, whole: Whole) -> Iterator[Found]:
    if same(before, after):
        return
    inner = [] if whole(path, before, after) else _items(before, after)
    if not inner:
        yield path, before, after
        return
    for name, one, other in inner:
        yield from _walk(f"{path}{name}" if path else name.removeprefix("."), one, other, whole)


def same(before: Any, after: Any) -> bool:
    """Whether two values are one and the same YAML: true is not 1, and 1 is not 1.0."""
    if before is MISSING or after is MISSING:
        return before is after
    return before == after and text(before) == text(after)


def text(value: Any) -> str:
    """A value on one line, the same for equal values."""
    if isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _items(before: Any, after: Any) -> list[tuple[str, Any, Any]]:
    """Both values of everything right below; nothing where the two have to be told whole."""
    one, other = (after if before is MISSING else before), (before if after is MISSING else after)
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        keys = sorted({*one, *other}, key=str)
        return [(_step(key), _inner(before, key), _inner(after, key)) for key in keys]
    if isinstance(one, list) and isinstance(other, list):
        return _items_of_lists([] if before is MISSING else before, [] if after is MISSING else after)
    return []


def _items_of_lists(before: list[Any], after: list[Any]) -> list[tuple[str, Any, Any]]:
    for key in _KEYS:
        one, other = _by(key, before), _by(key, after)
        if one is None or other is None:
            continue
        if [name for name in one if name in other] != [name for name in other if name in one]:
            return []  # another order: told whole, as it may be what matters
        names = [*one, *(name for name in other if name not in one)]
        return [(f"[{name}]", one.get(name, MISSING), other.get(name, MISSING)) for name in names]
    if len(before) == len(after):
        return [(f"[{index}]", *pair) for index, pair in enumerate(zip(before, after, strict=True))]
    return []


def _by(key: str, items: list[Any]) -> dict[str, Any] | None:
    """The items by what they have at `key`; None where one has nothing there, or two have the same."""
    if not all(isinstance(item, Mapping) and isinstance(item.get(key), str | int) for item in items):
        return None
    found = {str(item[key]): item for item in items}
    return found if len(found) == len(items) else None


def _inner(value: Any, key: Any) -> Any:
    return MISSING if value is MISSING else value.get(key, MISSING)


def _step(key: Any) -> str:
    said = str(key)
    return f".{said}" if said.replace("-", "").replace("_", "").isalnum() else f"[{said}]"
