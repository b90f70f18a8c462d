"""Sets and removes single values in a values file, and leaves every other byte as people wrote it.

ruamel.yaml says where in the text each key and value stands, and only there is the text changed: its own way of writing a file back
would keep comments and order, but not spaces in flow maps or before comments. What comes out is read again, and refused unless it
says exactly what was meant.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode

ABSENT: Final[Any] = type("Absent", (), {"__repr__": lambda _: "ABSENT"})()
"""Stands for a value that is to be removed."""

# What every YAML reader takes for a string without quotes; Helm's, PyYAML's and ruamel's differ on much else.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*")
_SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NOT_STRINGS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


class ValuesError(Exception):
    """A values file cannot be changed; the message is one sentence."""


def changed(text: str, changes: Mapping[str, Any], where: str) -> str:
    """The file's text with these values, by dotted path; ABSENT removes one, with maps that are empty then.

    Maps that are not there are made. A value that is there already, as it is, costs no change. `where` names the file in
    sentences. Raises ValuesError where the file is no map, or holds a key twice, or what would be changed is shared (anchors).
    """
    for path, value in changes.items():
        before, root = _data(text, where), _nodes(text, where)
        wanted = _without(before, path.split(".")) if value is ABSENT else _with(before, path.split("."), value, where)
        if _same(before, wanted):
            continue
        edit = _Edit(text, root, where, path)
        text = edit.removed() if value is ABSENT else edit.set_to(value)
        try:
            done = _same(_data(text, where), wanted)
        except ValuesError:
            done = False
        if not done:
            raise ValuesError(
                f"{where} is written in a way in which {path} cannot be changed alone: change it by hand."
            )
    return text


def _data(text: str, where: str) -> dict[str, Any]:
    try:
        data = yaml.load(text, Loader=_SafeLoader)  # noqa: S506 - both are safe loaders
    except yaml.YAMLError as error:
        raise ValuesError(f"{where} is not YAML: {' '.join(str(error).split())[:200]}.") from None
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise ValuesError(f"{where} is not a map of values, but a {type(data).__name__}: correct it.")
    return data


def _nodes(text: str, where: str) -> Node | None:
    """Where everything stands in the text, in which no key is twice in a map."""
    try:
        root: Node | None = YAML(typ="rt", pure=True).compose(text)
    except YAMLError as error:
        raise ValuesError(f"{where} is not YAML: {' '.join(str(error).split())[:200]}.") from None
    pending, seen = [root], set()
    while pending:
        node = pending.pop()
        if node is None or id(node) in seen or isinstance(node, ScalarNode):
            continue
        seen.add(id(node))  # an alias is its anchor's node once more
        if not isinstance(node, MappingNode):
            pending += node.value
            continue
        keys: set[tuple[str, str]] = set()
        for key, value in node.value:
            if isinstance(key, ScalarNode) and (key.tag, key.value) in keys:
                raise ValuesError(
                    f"{where} has a key twice ({key.value}, line {key.start_mark.line + 1}): take one out."
                )
            keys.add((key.tag, str(key.value)))
            pending.append(value)
    return root


def _with(data: Mapping[str, Any], parts: Sequence[str], value: Any, where: str) -> dict[str, Any]:
    first, *rest = parts
    if not rest:
        return {**data, first: value}
    below = data.get(first)
    if below is not None and not isinstance(below, dict):
        raise ValuesError(
            f"{where} has a plain value at {first}, where a map with {'.'.join(rest)} belongs: correct it."
        )
    return {**data, first: _with(below or {}, rest, value, where)}


def _without(data: Mapping[str, Any], parts: Sequence[str]) -> dict[str, Any]:
    first, *rest = parts
    if first not in data or (rest and not isinstance(data[first], dict)):
        return dict(data)
    below = _without(data[first], rest) if rest else {}
    kept = {key: value for key, value in data.items() if key != first}
    if not below and (not rest or data[first]):
        return kept
    return {key: below if key == first else value for key, value in data.items()}


def _same(one: object, other: object) -> bool:
    """One and the same YAML: true is not 1."""
    return bool(yaml.safe_dump(one) == yaml.safe_dump(other))


@dataclass(frozen=True)
class _Entry:
    """A key with its value, in a map."""

    map: MappingNode
    key: ScalarNode
    value: Node


class _Edit:
    """One change to a text."""

    def __init__(self, text: str, root: Node | None, where: str, path: str) -> None:
        self._text, self._where, self._path = text, where, path
        self._newline = "\r\n" if "\r\n" in text else "\n"
        self._root = root
        self._entries, self._rest = self._walk(path.split("."))

    def _walk(self, parts: Sequence[str]) -> tuple[list[_Entry], list[str]]:
        """The entries along the path that are there, and the parts of it that are not."""
        entries: list[_Entry] = []
        node = self._root
        for position, part in enumerate(parts):
            if not isinstance(node, MappingNode):
                return entries, list(parts[position:])
            entry = next((_Entry(node, key, value) for key, value in node.value if key.value == part), None)
            if any(key.value == "<<" for key, _ in node.value) or (entry is not None and entry.value.anchor):
                raise ValuesError(
                    f"{self._where} shares values by anchors, where {self._path} is: what it would change elsewhere is not"
                    " for a tool to say; write the values out."
                )
            if entry is None:
                return entries, list(parts[position:])
            entries.append(entry)
            node = entry.value
        return entries, []

    # -- setting

    def set_to(self, value: Any) -> str:
        if not self._rest:
            return self._replaced(self._entries[-1], value)
        node = self._entries[-1].value if self._entries else self._root
        if isinstance(node, MappingNode):
            return self._added(node, value)
        if not self._entries:  # no value in the file at all
            return self._inserted(len(self._text), self._block(0, value))
        entry = self._entries[-1]
        at, end = self._extent(entry)
        text = self._text[:at].rstrip(" ") + self._text[end:]  # a null that was spelled out
        at = len(self._text[:at].rstrip(" "))
        block = self._block(entry.key.start_mark.column + self._step(), value)
        return _Lines(text, self._newline).inserted(at, block)

    def _replaced(self, entry: _Entry, value: Any) -> str:
        at, end = self._extent(entry)
        if isinstance(entry.value, CollectionNode) and not entry.value.flow_style:
            at = self._colon(entry)  # its lines are below the key's
        old = self._text[at:end]
        if "\n" in old and "#" in old:
            raise ValuesError(f"{self._where} has comments in {self._path}, which would be lost: change it by hand.")
        style = entry.value.style if isinstance(entry.value, ScalarNode) else None
        gap = "" if self._text[at - 1] == " " else " "
        return self._text[:at] + gap + _flow(value, style or "") + self._text[end:]

    def _added(self, node: MappingNode, value: Any) -> str:
        first, *rest = self._rest
        last = _Entry(node, *node.value[-1]) if node.value else None
        if node.flow_style:
            for part in reversed(rest):
                value = {part: value}
            item = f"{_flow(first)}: {_flow(value)}"
            at = node.start_mark.index + 1 if last is None else self._extent(last)[1]
            return self._text[:at] + (item if last is None else f", {item}") + self._text[at:]
        if last is None:
            raise AssertionError("a block map without a key is no map")
        block = self._block(last.key.start_mark.column, value)
        if node is self._root and self._blocks_stand_apart(node):
            block = self._newline + block
        return self._inserted(self._extent(last)[1], block)

    def _block(self, column: int, value: Any) -> str:
        """The lines of what is not there yet."""
        step, parts = self._step(), self._rest
        lines = [f"{' ' * (column + step * depth)}{_flow(part)}:" for depth, part in enumerate(parts)]
        return self._newline.join(lines) + f" {_flow(value)}{self._newline}"

    def _inserted(self, at: int, block: str) -> str:
        return _Lines(self._text, self._newline).inserted(at, block)

    def _step(self) -> int:
        """By how much the file indents."""
        pending = [self._root] if isinstance(self._root, MappingNode) else []
        while pending:
            node = pending.pop(0)
            inner = [value for _, value in node.value if isinstance(value, MappingNode) and not value.flow_style]
            if inner and not node.flow_style:
                step: int = inner[0].value[0][0].start_mark.column - node.value[0][0].start_mark.column
                return step
            pending += inner
        return 2

    def _blocks_stand_apart(self, node: MappingNode) -> bool:
        """Whether there is a blank line between two keys of the map."""
        ends = [self._extent(_Entry(node, *pair))[1] for pair in node.value]
        starts = [key.start_mark.index for key, _ in node.value]
        between = (self._text[end:start] for end, start in zip(ends, starts[1:], strict=False))
        return any(not line.strip() for gap in between for line in gap.split("\n")[1:-1])

    # -- removing

    def removed(self) -> str:
        alone = [entry for entry in self._entries if len(entry.map.value) > 1]
        entry = alone[-1] if alone else self._entries[0]
        # The last map that keeps a key: below it nothing would be left.
        if entry.map.flow_style:
            return self._removed_in_flow(entry)
        begin, end = entry.key.start_mark.index, self._extent(entry)[1]
        if "#" in self._text[begin:end]:
            raise ValuesError(f"{self._where} has comments in {self._path}, which would be lost: change it by hand.")
        return _Lines(self._text, self._newline).removed(begin, end)

    def _removed_in_flow(self, entry: _Entry) -> str:
        pairs = [_Entry(entry.map, *pair) for pair in entry.map.value]
        nth = next(n for n, pair in enumerate(pairs) if pair.key is entry.key)
        begin, end = entry.key.start_mark.index, self._extent(entry)[1]
        if nth + 1 < len(pairs):
            end = pairs[nth + 1].key.start_mark.index
        elif nth:
            begin = self._extent(pairs[nth - 1])[1]
        return self._text[:begin] + self._text[end:]

    # -- where things stand

    def _extent(self, entry: _Entry) -> tuple[int, int]:
        """From where to where the entry's value stands, without what follows it; an empty value stands after the colon."""
        node = entry.value
        if node.start_mark.index == node.end_mark.index:
            return self._colon(entry), self._colon(entry)
        begin = node.start_mark.index
        if isinstance(node, ScalarNode) and node.style in {"|", ">"}:
            content = self._text[begin : node.end_mark.index]
            keeps = "+" in content.split("\n", 1)[0]
            return begin, begin + len(content if keeps else content.rstrip())
        if not isinstance(node, CollectionNode) or node.flow_style:
            return begin, node.end_mark.index
        if isinstance(node, MappingNode):
            return begin, max(self._extent(_Entry(node, *pair))[1] for pair in node.value)
        return begin, len(self._text[: node.end_mark.index].rstrip())

    def _colon(self, entry: _Entry) -> int:
        """Behind the colon of the entry."""
        return self._text.index(":", entry.key.end_mark.index) + 1


class _Lines:
    """Whole lines of a text."""

    def __init__(self, text: str, newline: str) -> None:
        self._text, self._newline = text, newline

    def inserted(self, at: int, block: str) -> str:
        """The block after the line in which `at` is."""
        if at and self._text[at - 1] == "\n":
            end = at
        else:
            found = self._text.find("\n", at)
            end = found + 1 if found >= 0 else len(self._text)
        before = self._text[:end]
        if before and not before.endswith("\n"):
            before += self._newline
        return before + block + self._text[end:]

    def removed(self, begin: int, end: int) -> str:
        """Without the lines from that of `begin` to that of `end`, and the blank line before if one follows, or nothing."""
        start = self._text.rfind("\n", 0, begin) + 1
        found = self._text.find("\n", end)
        stop = found + 1 if found >= 0 else len(self._text)
        before, after = self._text[:start], self._text[stop:]
        lines = before.splitlines(keepends=True)
        if lines and not lines[-1].strip() and not (after.splitlines() or [""])[0].strip():
            before = "".join(lines[:-1])
        return before + after


def _flow(value: Any, style: str = "") -> str:
    """A value on one line, as every reader of YAML reads it; `style` is the quote that stood there."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_flow(key)}: {_flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(inner) for inner in value) + "]"
    if not isinstance(value, str):
        return json.dumps(value)
    if style == "'" and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    plain = _PLAIN.fullmatch(value) and value.lower() not in _NOT_STRINGS
    return value if plain and style != '"' else json.dumps(value, ensure_ascii=False)
