"""A metric family: its name, its label names and one child per combination of label values."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Hashable, Sequence
from itertools import accumulate
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakSet

from prometheus_client import CollectorRegistry, Metric, metrics
from prometheus_client.samples import Sample

from service_metrics.recording.cells import Cell, Row, State

if TYPE_CHECKING:
    from service_metrics.budget.ration import Ration
    from service_metrics.recording.instrument import Instrument


class Line(NamedTuple):
    """One line of every child of a family, and where its value is in the child's state."""

    suffix: str
    labels: tuple[tuple[str, str], ...] = ()
    """What the line has beside the child's labels, such as `le`; all lines of a family that have any have the same name."""
    at: int = 0
    """Where the value is in the state."""
    running: bool = False
    """The value is the sum of the state up to there."""
    whole: bool = False
    """The value is a whole number and never negative; of a family's whole lines the one with the largest `at` is the largest."""


_SPECIAL = re.compile(r'[\\"\n]')


class Family:
    """What all children of a metric share.

    `children` is read without a lock and only ever changed under `lock`. A family without label names has exactly one
    child, under the empty tuple.

    Args:
        described: The family as prometheus_client describes it, which is how names and units are checked.
        labelnames: Label names in the order of positional label values.
        lines: What a child publishes, in order, without `_created`; None where its labels vary (Info).
        bounds: Upper bounds of a histogram's buckets, the last +Inf.

    Attributes:
        has_created: The type says since when it counts.
        scalar: The state is one number, not a list.
        escapes: A label value of a child needs escapes in formats that are text.
        writers: What expositions have made for this family, by whatever it depends on.
        ration: What it may take of a budget of series; None where there is none.
    """

    __slots__ = (
        "__weakref__",
        "bounds",
        "children",
        "documentation",
        "escapes",
        "has_created",
        "labelnames",
        "lines",
        "lock",
        "name",
        "ration",
        "scalar",
        "type",
        "unit",
        "writers",
    )

    def __init__(
        self,
        described: Metric,
        labelnames: tuple[str, ...],
        lines: tuple[Line, ...] | None,
        bounds: tuple[float, ...],
    ) -> None:
        self.name = described.name
        self.documentation = described.documentation
        self.type = described.type
        self.unit = described.unit
        self.labelnames = labelnames
        self.lines = lines
        self.bounds = bounds
        self.has_created = described.type in ("counter", "histogram", "summary")
        self.scalar = described.type in ("counter", "gauge")
        self.escapes = False
        self.writers: dict[Hashable, Any] = {}
        self.children: dict[tuple[str, ...], Instrument] = {}
        self.lock = Lock()
        self.ration: Ration | None = None
        _live.add(self)

    @property
    def series_of_a_child(self) -> int:
        """How many lines a child prints, as things are now."""
        lines = 1 if self.lines is None else len(self.lines)
        return lines + (self.has_created and created_series_are_enabled())

    def note_escapes(self, labelvalues: tuple[str, ...]) -> None:
        """Be told of a new child's label values."""
        if not self.escapes and _SPECIAL.search("".join(labelvalues)):
            self.escapes = True


class RecordedFamily(Metric):
    """What `collect()` of a metric of ours returns: a family at one moment.

    Expositions and exporters that know it read `rows`, or slice by slice `cells`. For everybody else the samples are made
    when they are asked for.

    Args:
        family: Whose children these are.
        cells: The children, in order of creation; none where `lines` is None.
        read: Read them now, so that nothing recorded later shows; False where the caller reads them at once anyway.

    Attributes:
        has_created: Whether `_created` is to be published.
    """

    def __init__(self, family: Family, cells: Sequence[Cell], *, read: bool) -> None:
        super().__init__(family.name, family.documentation, family.type, family.unit)
        self._family = family
        self._samples: list[Sample] | None = None
        self.cells = cells
        self._rows = [cell._row() for cell in cells] if read else None
        self.lines = family.lines
        self.labelnames = family.labelnames
        self.bounds = family.bounds
        self.scalar = family.scalar
        self.escapes = family.escapes
        self.writers = family.writers
        self.has_created = family.has_created and created_series_are_enabled()

    @property
    def samples(self) -> list[Sample]:
        if self._samples is None:
            self._samples = self._made_from_rows()
        return self._samples

    @samples.setter
    def samples(self, samples: list[Sample]) -> None:
        self._samples = samples or None  # the base class begins with an empty list

    def __reduce__(self) -> tuple[Callable[..., Metric], tuple[object, ...]]:
        """Be pickled and copied as the plain family that another process can read."""
        return _plain, (self.name, self.documentation, self.type, self.unit, self.samples)

    @property
    def rows(self) -> list[Row]:
        """One a child."""
        if self._rows is None:
            self._rows = [cell._row() for cell in self.cells]
        return self._rows

    def rows_between(self, start: int, stop: int) -> list[Row]:
        """Return the rows of some children, read now where nobody has read them yet; they are not kept."""
        if self._rows is None:
            return [cell._row() for cell in self.cells[start:stop]]
        return self._rows[start:stop]

    def values(self, state: State) -> list[float]:
        """Return one value per line of a child whose row has this state, buckets cumulative."""
        if self.scalar:
            return [state]  # type: ignore[list-item]
        sums = list(accumulate(state))  # type: ignore[arg-type]
        return [
            float(sums[line.at] if line.running else state[line.at])  # type: ignore[index]
            for line in self.lines or ()
        ]

    @property
    def series(self) -> int:
        """How many lines all children print."""
        if self.lines is None:
            return len(self.samples)
        return len(self.cells) * (len(self.lines) + self.has_created)

    @property
    def state_size(self) -> int:
        """How many numbers the state of a child has."""
        return len(self.bounds) + 1 if self.bounds else len(self.lines or ())

    def _made_from_rows(self) -> list[Sample]:
        name = self.name
        lines = [(name + line.suffix, dict(line.labels)) for line in self.lines or ()]
        samples = []
        for labelvalues, state, created, exemplars in self.rows:
            labels = dict(zip(self.labelnames, labelvalues, strict=True))
            for index, ((line_name, line_labels), value) in enumerate(zip(lines, self.values(state), strict=True)):
                exemplar = exemplars.get(index) if exemplars else None
                samples.append(Sample(line_name, {**labels, **line_labels}, value, None, exemplar, None))
            if self.has_created:
                samples.append(Sample(f"{name}_created", labels, created, None, None, None))
        return samples


def _plain(name: str, documentation: str, kind: str, unit: str, samples: list[Sample]) -> Metric:
    family = Metric(name, documentation, kind, unit)
    family.samples = samples
    return family


def created_series_are_enabled() -> bool:
    """Whether `_created` series are published: prometheus_client's own switch, so that one call turns both."""
    return bool(metrics._use_created)


_live: WeakSet[Family] = WeakSet()
registries: WeakSet[CollectorRegistry] = WeakSet()
"""Every registry that holds a metric of ours."""


def _start_from_zero_in_child() -> None:
    """A forked process starts from zero: what its parent counted is its parent's to publish.

    Cells are zeroed in place because callers hold bound children. Locks are replaced because another thread of the
    parent may have held one when it forked. Nothing here may log or wait.
    """
    for family in list(_live):
        family.lock = Lock()
        family.writers.clear()  # they print the parent's id
        for child in family.children.values():
            child._zero()
    for registry in list(registries):
        registry._lock = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_from_zero_in_child)
