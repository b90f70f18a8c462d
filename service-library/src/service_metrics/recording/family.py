"""A metric family: its name, its label names and one child per combination of label values."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter
from threading import Lock
from typing import TYPE_CHECKING
from weakref import WeakSet

from prometheus_client import CollectorRegistry, Metric

if TYPE_CHECKING:
    from service_metrics.recording.instrument import Instrument


class Family:
    """What all children of a metric share.

    `children` is read without a lock and only ever changed under `lock`. A family without label names has exactly one
    child, under the empty tuple.

    Args:
        described: The family as prometheus_client describes it, which is how names and units are checked.
        labelnames: Label names in the order of positional label values.
    """

    __slots__ = ("__weakref__", "children", "documentation", "labelnames", "lock", "name", "pick", "type", "unit")

    def __init__(self, described: Metric, labelnames: Iterable[str]) -> None:
        self.name = described.name
        self.documentation = described.documentation
        self.type = described.type
        self.unit = described.unit
        self.labelnames = tuple(labelnames)
        self.pick = _picker(self.labelnames)
        self.children: dict[tuple[str, ...], Instrument] = {}
        self.lock = Lock()
        _live.add(self)

    def describe(self) -> Metric:
        """Return the family without samples."""
        return Metric(self.name, self.documentation, self.type, self.unit)


def _picker(names: tuple[str, ...]) -> Callable[[Mapping[str, object]], tuple[object, ...]]:
    """Return what puts label values given by name into the order of the names."""
    if len(names) > 1:
        return itemgetter(*names)  # always a tuple for more than one name
    return lambda values: tuple([values[name] for name in names])


_live: WeakSet[Family] = WeakSet()
registries: WeakSet[CollectorRegistry] = WeakSet()
"""Every registry that holds a metric of the core."""


def _start_from_zero_in_child() -> None:
    """A forked process starts from zero: what its parent counted is its parent's to publish.

    Cells are zeroed in place because callers hold bound children. Locks are replaced because another thread of the
    parent may have held one when it forked. Nothing here may log or wait.
    """
    for family in list(_live):
        family.lock = Lock()
        for child in family.children.values():
            child._zero()
    for registry in list(registries):
        registry._lock = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_from_zero_in_child)
