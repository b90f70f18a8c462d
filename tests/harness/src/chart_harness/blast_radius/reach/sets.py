"""Sets of label values and of numbers, with an exact difference: the sides of the boxes of `reach.boxes`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, Self

ABSENT = None
"""The value of a label that is not there: `NotIn` and `DoesNotExist` match it."""


class Side(Protocol):
    """One side of a box. Immutable."""

    def __and__(self, other: Self, /) -> Self: ...
    def __sub__(self, other: Self, /) -> Self: ...
    def __bool__(self) -> bool: ...


@dataclass(frozen=True)
class Values:
    """Some values of a label, or all but some. There is no end of label values, so "all but some" is never empty."""

    members: frozenset[str | None]
    all_but: bool = False

    @classmethod
    def of(cls, *members: str | None) -> Values:
        """Just these values."""
        return cls(frozenset(members))

    @classmethod
    def but(cls, *members: str | None) -> Values:
        """Every value but these."""
        return cls(frozenset(members), all_but=True)

    def __and__(self, other: Values) -> Values:
        if self.all_but and other.all_but:
            return Values(self.members | other.members, all_but=True)
        if self.all_but:
            return Values(other.members - self.members)
        if other.all_but:
            return Values(self.members - other.members)
        return Values(self.members & other.members)

    def __sub__(self, other: Values) -> Values:
        return self & Values(other.members, not other.all_but)

    def __bool__(self) -> bool:
        return self.all_but or bool(self.members)


@dataclass(frozen=True)
class Spans:
    """Whole numbers, as sorted spans (first, last) that neither touch nor overlap; make them with `Spans.of`."""

    spans: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, *spans: tuple[int, int]) -> Spans:
        """The numbers of all these spans, both ends among them; a span that ends before it begins holds none."""
        joined: list[tuple[int, int]] = []
        for first, last in sorted(span for span in spans if span[0] <= span[1]):
            if joined and first <= joined[-1][1] + 1:
                joined[-1] = (joined[-1][0], max(joined[-1][1], last))
            else:
                joined.append((first, last))
        return cls(tuple(joined))

    @classmethod
    def points(cls, numbers: Iterable[int]) -> Spans:
        """Just these numbers."""
        return cls.of(*((number, number) for number in numbers))

    def __and__(self, other: Spans) -> Spans:
        return Spans.of(*((max(a, c), min(b, d)) for a, b in self.spans for c, d in other.spans))

    def __sub__(self, other: Spans) -> Spans:
        left = list(self.spans)
        for first, last in other.spans:
            left = [
                piece
                for a, b in left
                for piece in ((a, min(b, first - 1)), (max(a, last + 1), b))
                if piece[0] <= piece[1]
            ]
        return Spans.of(*left)

    def __bool__(self) -> bool:
        return bool(self.spans)
