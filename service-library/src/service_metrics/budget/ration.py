"""What one family with labels takes of its registry's budget, and where the rest of its label values goes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING

from service_metrics.recording.family import created_series_are_enabled

if TYPE_CHECKING:
    from service_metrics.budget.series_budget import SeriesBudget

OVERFLOW = "_overflow"
"""All label values of the series that stands for those without one of their own."""


class Ration:
    """The children of one family, as the budget sees them.

    Its methods are called while the family's lock is held, except `has_room`.

    Args:
        budget: What it takes from.
        name: Of the family.
        labelnames: Its labels.
        children: Label values of the children that are there; kept, and looked at later.
        lines: How many series a child is, at this moment: `_created` may be turned on.
    """

    __slots__ = (
        "__weakref__",
        "_aside",
        "_budget",
        "_children",
        "_lines",
        "_noted",
        "_overflows",
        "name",
        "overflow",
    )

    def __init__(
        self,
        budget: SeriesBudget,
        name: str,
        labelnames: Collection[str],
        children: Collection[tuple[str, ...]],
        lines: Callable[[], int],
    ) -> None:
        self._budget = budget
        self._children = children
        self._lines = lines
        self._aside = 0
        self._overflows = self._noted = False
        self.name = name
        self.overflow = (OVERFLOW,) * len(labelnames)
        with budget.lock:
            budget.rations.add(self)
            budget.reserve(self.counted_anew())

    def counted_anew(self) -> int:
        """Return how many series are set aside for it."""
        self._aside = (0 if self._overflows else self._lines()) + (
            0 if self._noted else 1 + created_series_are_enabled()
        )
        return self._aside

    @property
    def series(self) -> int:
        """How many series the family has."""
        return len(self._children) * self._lines()

    def has_room(self) -> bool:
        """Whether one more child fits, as things are now."""
        return self._budget.has_room(self._lines())

    def take(self) -> bool:
        """Count one more child, and say whether it fitted."""
        return self._budget.take(self._lines())

    def drop(self, values: tuple[str, ...]) -> None:
        """Be told of label values that get no child but the overflow, which must be there now or be made at once."""
        with self._budget.lock:
            if not (self._overflows and self._noted):
                self._overflows = self._noted = True
                before = self._aside
                change = self.counted_anew() - before  # negative: what was set aside is used now
                self._budget.reserve(change)
                self._budget.add(-change)
        self._budget.dropped.note(self.name, values)

    def give_back(self, removed: Iterable[tuple[str, ...]]) -> None:
        """Be told of children that are gone."""
        with self._budget.lock:
            for values in removed:
                self._budget.add(-self._lines())
                if values == self.overflow:
                    self._overflows = False
            before = self._aside
            self._budget.reserve(self.counted_anew() - before)
