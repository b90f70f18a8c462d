"""A row of a table of fields: which path of which kinds of object it is about, and what a difference there means."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chart_harness.blast_radius.change import Difference, Kind
from chart_harness.blast_radius.objects import named
from chart_harness.blast_radius.quantities import quantity
from chart_harness.blast_radius.tree import MISSING, differences, text

Words = Callable[[Any], str | None]


def words(value: Any) -> str | None:
    """A value as the report shows it; None for what is not there."""
    return None if value is MISSING else text(value)


@dataclass(frozen=True)
class Row:
    """Fields of objects and the kind of change that a difference in them is.

    Attributes:
        kinds: of objects; empty for all.
        path: a pattern for the whole path; its named groups fill the braces of `what`.
        kind: the kind of change, or a function of both values that finds it, or None where the values mean the same.
        what: the part of the object, for a person; `{path}` is the path itself.
        show: how a value is told.
        only_whole: the row is about things that come or go; where both are there, what is inside them is looked at.
        where: what the report names in place of the object, when the same is told once for all objects.
        deep: the row only names what no other row does: what is inside is looked at first.
    """

    kinds: Collection[str]
    path: re.Pattern[str]
    kind: Kind | Callable[[Any, Any], Kind | None]
    what: str = "{path}"
    show: Words = words
    only_whole: bool = False
    deep: bool = False
    where: str = ""

    def fits(self, object_kind: str, path: str, before: Any, after: Any) -> re.Match[str] | None:
        """The match, where the row is about this place."""
        if self.kinds and object_kind not in self.kinds:
            return None
        if self.only_whole and before is not MISSING and after is not MISSING:
            return None
        return self.path.fullmatch(path)


def read(before: Mapping[str, Any], after: Mapping[str, Any], rows: Sequence[Row]) -> Iterator[Difference]:
    """What differs between two forms of one object; the first row that fits a place tells it, and no place is left out."""
    kind = str(after["kind"])

    def fitting(path: str, one: Any, other: Any) -> tuple[Row, re.Match[str]] | None:
        return next(((row, match) for row in rows if (match := row.fits(kind, path, one, other))), None)

    def whole(path: str, one: Any, other: Any) -> bool:
        found = fitting(path, one, other)
        return found is not None and not found[0].deep

    for path, one, other in differences(before, after, whole=whole):
        found = fitting(path, one, other)
        if found is None:
            yield Difference(Kind.FIELD_CHANGED, named(after), path, words(one), words(other))
            continue
        row, match = found
        change = row.kind if isinstance(row.kind, Kind) else row.kind(one, other)
        if change is not None:
            what = row.what.format(path=path, **match.groupdict())
            yield Difference(change, row.where or named(after), what, row.show(one), row.show(other))


def amount(lowered: Kind, raised: Kind, *, none: float | None = None) -> Callable[[Any, Any], Kind | None]:
    """Which way an amount went. `none` is what it is where it is not set or nought; infinite by default: no limit."""

    def kind(before: Any, after: Any) -> Kind | None:
        one, other = (_number(value, none) for value in (before, after))
        if one == other:
            return None
        return lowered if other < one else raised

    return kind


def _number(value: Any, none: float | None) -> Any:
    found = None if value is MISSING else quantity(value)
    if none is None:
        return found or float("inf")  # for limits, 0 says that there is none
    return none if found is None else found
