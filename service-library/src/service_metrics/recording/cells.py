"""What recording writes to: one cell a series. The hot path of the library; mypyc compiles this module for wheels.

Recording takes no lock. It is exact in CPython builds with a GIL (3.10 and newer), because the interpreter never
switches threads between reading and writing a slot or a list item: amounts are floats by then, so no foreign `__add__`
runs in between. Compiled, it never switches in here at all. Builds without a GIL use `service_metrics.recording.free_threaded`.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Mapping
from typing import Any

from mypy_extensions import mypyc_attr
from prometheus_client.samples import Exemplar

from service_metrics.recording.exemplar import make_exemplar

State = float | list[float]
"""Counters and gauges: the value. Others: one number or more, counts as whole numbers, see the lines of the family."""
Row = tuple[tuple[str, ...], State, float, Mapping[int, Exemplar] | None]
"""Label values, state, since when it counts (Unix seconds; 0.0 where the type does not say), exemplars by line."""

_ONE: object = 1


def as_float(amount: Any) -> float:
    """Return a plain float of any number that can be added to one.

    Raises:
        TypeError: the amount is not such a number; a string is not.
    """
    return float(0.0 + amount)


@mypyc_attr(allow_interpreted_subclasses=True)
class Cell:
    """One series. A metric declared with label names has no cell: its attributes stay unset, so recording on it fails."""

    __slots__ = ("_family", "_labelvalues")

    _family: Any
    _labelvalues: tuple[str, ...]

    def _missing_labels(self) -> Exception:
        """What to raise where the attributes are unset."""
        raise NotImplementedError

    def _start(self) -> None:
        """Set the attributes: the series begins, at zero."""
        raise NotImplementedError

    def _row(self) -> Row:
        """Return what the series holds at this moment."""
        raise NotImplementedError


@mypyc_attr(allow_interpreted_subclasses=True)
class CounterCell(Cell):
    """A total that only goes up."""

    __slots__ = ("_created", "_exemplar", "_value")

    _value: float
    _created: float
    _exemplar: Exemplar | None

    def _start(self) -> None:
        self._value = 0.0
        self._created = time.time()
        self._exemplar = None

    def inc(self, amount: Any = 1, exemplar: dict[str, str] | None = None) -> None:
        """Add `amount`.

        Raises:
            ValueError: the amount is negative, or the metric has labels and no values for them.
        """
        try:
            if amount is _ONE:
                self._value += 1.0
            else:
                added: float = amount if amount.__class__ is float else as_float(amount)
                if added < 0.0:
                    self._value  # noqa: B018  # missing labels are the first complaint
                    raise ValueError("Counters can only be incremented by non-negative amounts.")
                self._value += added
        except AttributeError:
            raise self._missing_labels() from None
        if exemplar is not None and exemplar:
            self._exemplar = make_exemplar(exemplar, float(amount))

    def _row(self) -> Row:
        exemplar = self._exemplar
        return (self._labelvalues, self._value, self._created, None if exemplar is None else {0: exemplar})


@mypyc_attr(allow_interpreted_subclasses=True)
class GaugeCell(Cell):
    """A value that goes up and down."""

    __slots__ = ("_function", "_value")

    _value: float
    _function: Any

    def _start(self) -> None:
        self._value = 0.0
        self._function = None

    def inc(self, amount: Any = 1) -> None:
        """Add `amount`.

        Raises:
            ValueError: the metric has labels and no values for them.
        """
        try:
            if amount is _ONE:
                self._value += 1.0
            else:
                added: float = amount if amount.__class__ is float else as_float(amount)
                self._value += added
        except AttributeError:
            raise self._missing_labels() from None

    def dec(self, amount: Any = 1) -> None:
        """Subtract `amount`.

        Raises:
            ValueError: the metric has labels and no values for them.
        """
        try:
            if amount is _ONE:
                self._value -= 1.0
            else:
                taken: float = amount if amount.__class__ is float else as_float(amount)
                self._value -= taken
        except AttributeError:
            raise self._missing_labels() from None

    def set(self, value: Any) -> None:
        """Set the value.

        Raises:
            ValueError: the metric has labels and no values for them, or the value is not a number.
        """
        try:
            self._value  # noqa: B018
        except AttributeError:
            raise self._missing_labels() from None
        self._value = float(value)

    def _row(self) -> Row:
        value = self._value if self._function is None else float(self._function())
        return (self._labelvalues, value, 0.0, None)


@mypyc_attr(allow_interpreted_subclasses=True)
class HistogramCell(Cell):
    """Counts by bucket, and the sum, in one flat list: a reader copies a whole in one call."""

    __slots__ = ("_bounds", "_counts", "_created", "_exemplars")

    _bounds: list[float]
    _counts: list[float]
    _created: float
    _exemplars: dict[int, Exemplar] | None

    def _start(self) -> None:
        self._counts = [*[0] * len(self._bounds), 0.0]
        self._created = time.time()
        self._exemplars = None

    def observe(self, amount: Any, exemplar: dict[str, str] | None = None) -> None:
        """Count one observation of `amount`; NaN only spoils the sum, as in prometheus_client.

        Raises:
            ValueError: the metric has labels and no values for them.
        """
        if amount.__class__ is not float:
            amount = as_float(amount)
        try:
            counts = self._counts
        except AttributeError:
            raise self._missing_labels() from None
        bucket = bisect_left(self._bounds, amount)
        if not bucket and amount != amount:  # noqa: PLR0124  # NaN, which bisect puts into the first bucket
            counts[-1] += amount
            return
        # Nothing is called between these two lines, so no thread sees the one without the other.
        counts[bucket] += 1
        counts[-1] += amount
        if exemplar is not None and exemplar:
            if self._exemplars is None:
                self._exemplars = {}
            self._exemplars[bucket] = make_exemplar(exemplar, amount)

    def _row(self) -> Row:
        exemplars = self._exemplars
        return (self._labelvalues, self._counts.copy(), self._created, None if exemplars is None else exemplars.copy())


@mypyc_attr(allow_interpreted_subclasses=True)
class SummaryCell(Cell):
    """How many and how much, in one list: a reader copies both at once."""

    __slots__ = ("_created", "_totals")

    _totals: list[float]
    _created: float

    def _start(self) -> None:
        self._totals = [0, 0.0]
        self._created = time.time()

    def observe(self, amount: Any) -> None:
        """Count one observation of `amount`.

        Raises:
            ValueError: the metric has labels and no values for them.
        """
        if amount.__class__ is not float:
            amount = as_float(amount)
        try:
            totals = self._totals
        except AttributeError:
            raise self._missing_labels() from None
        totals[0] += 1
        totals[1] += amount

    def _row(self) -> Row:
        return (self._labelvalues, self._totals.copy(), self._created, None)
