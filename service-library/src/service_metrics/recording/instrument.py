"""What every metric class of the core shares: labels, and what the registry asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.registry import Collector

from service_metrics.recording.family import Family, registries

Self = TypeVar("Self", bound="Instrument")

_NO_CHILDREN: dict[tuple[object, ...], Any] = {}


class Instrument:
    """A metric family and, at the same time, its bound child and cell.

    As in prometheus_client, one class is both what a module declares and what `labels()` returns. Without label names
    the declared object is its own only child. With label names it holds no cell, so recording on it fails.

    Recording takes no lock. It is exact in CPython builds with a GIL (3.10 and newer), because the interpreter never
    switches threads between reading and writing a slot or a list item: amounts are floats by then, so no foreign
    `__add__` runs in between. Creating a child takes the family's lock.
    """

    __slots__ = ("_children", "_family", "_labelvalues")

    def __init__(self, declared: Collector, labelnames: Iterable[str], registry: CollectorRegistry | None) -> None:
        """Take over a declaration that prometheus_client has checked.

        Args:
            declared: The same metric as a prometheus_client object without a registry. Creating it raises
                prometheus_client's own errors for bad names, labels, units, buckets and states.
            labelnames: Names of the labels.
            registry: Where to register; None for nowhere.
        """
        described = next(iter(declared.describe()))  # type: ignore[attr-defined]  # optional in the protocol
        family = Family(described, labelnames)
        self._family = family
        self._labelvalues: tuple[str, ...] = ()
        if family.labelnames:
            self._children: dict[tuple[object, ...], Any] = family.children  # type: ignore[assignment]
        else:
            self._children = _NO_CHILDREN
            self._start()
            family.children[()] = self
        if registry is not None:
            registry.register(self)
            registries.add(registry)

    def _start(self) -> None:
        """Create the cell."""
        raise NotImplementedError

    def _zero(self) -> None:
        """Empty the cell in a forked child."""
        self._start()

    def _add_samples(self, metric: Metric, labels: dict[str, str]) -> None:
        """Add what the cell holds now to `metric`."""
        raise NotImplementedError

    def labels(self: Self, *labelvalues: object, **labelkwargs: object) -> Self:
        """Return the child for these label values, given by position or by name; other types than str become str.

        Keep the child where the values are fixed: recording on it is the fastest path. Safe in threads.

        Raises:
            ValueError: the metric has no labels, has its values already, or names or number do not fit.
        """
        try:
            if not labelkwargs:
                return self._children[labelvalues]  # type: ignore[no-any-return]
            family = self._family
            if not labelvalues and len(labelkwargs) == len(family.labelnames):
                return self._children[family.pick(labelkwargs)]  # type: ignore[no-any-return]
        except (KeyError, TypeError):  # a new child, a wrong name, or values that are not str (perhaps not hashable)
            pass
        return self._bind(labelvalues, labelkwargs)

    def _bind(self: Self, labelvalues: tuple[object, ...], labelkwargs: Mapping[str, object]) -> Self:
        family = self._family
        names = family.labelnames
        if not names:
            raise ValueError(f"No label names were set when {self} was created; record on it directly.")
        if self._labelvalues:
            bound = dict(zip(names, self._labelvalues, strict=True))
            raise ValueError(f"{self} has its labels set already ({bound}); call labels() on the metric itself.")
        if labelvalues and labelkwargs:
            raise ValueError(f"labels() of {self} got values by position and by name; use one of the two.")
        if labelkwargs:
            if sorted(labelkwargs) != sorted(names):
                raise ValueError(f"{self} has the labels {list(names)}, but labels() got {sorted(labelkwargs)}.")
            values = tuple([str(labelkwargs[name]) for name in names])
        else:
            if len(labelvalues) != len(names):
                raise ValueError(f"{self} has the labels {list(names)}, but labels() got {len(labelvalues)} values.")
            values = tuple([str(value) for value in labelvalues])
        try:
            return self._children[values]  # type: ignore[no-any-return]
        except KeyError:
            return self._create(values)

    def _create(self: Self, values: tuple[str, ...]) -> Self:
        cls = type(self)
        child = cls.__new__(cls)
        child._family = self._family
        child._labelvalues = values
        child._children = _NO_CHILDREN
        child._take_options(self)
        child._start()
        with self._family.lock:  # of two threads that got here, the second must use the first one's child
            return self._family.children.setdefault(values, child)  # type: ignore[return-value]

    def _take_options(self: Self, declared: Self) -> None:
        """Copy what is neither labels nor cell, such as bucket bounds, from the declared metric."""

    def remove(self, *labelvalues: object) -> None:
        """Forget one child; unknown values are ignored. A child kept elsewhere records into nothing from then on.

        Raises:
            ValueError: the metric has no labels, or the number of values does not fit.
        """
        family = self._require_labels()
        if len(labelvalues) != len(family.labelnames):
            raise ValueError(
                f"{self} has the labels {list(family.labelnames)}, but remove() got {len(labelvalues)} values."
            )
        with family.lock:
            family.children.pop(tuple(str(value) for value in labelvalues), None)

    def remove_by_labels(self, labels: dict[str, str]) -> None:
        """Forget every child that has all of these label values.

        Raises:
            ValueError: the metric has no labels, or not these.
            TypeError: `labels` is not a dict.
        """
        family = self._require_labels()
        if not isinstance(labels, dict):
            raise TypeError(f"remove_by_labels() of {self} takes a dict of label names to values.")
        unknown = sorted(set(labels) - set(family.labelnames))
        if unknown:
            raise ValueError(f"{self} has the labels {list(family.labelnames)}, but remove_by_labels() got {unknown}.")
        wanted = {(name, str(value)) for name, value in labels.items()}
        if not wanted:
            return
        with family.lock:
            for values in list(family.children):
                if wanted <= set(zip(family.labelnames, values, strict=True)):
                    family.children.pop(values, None)

    def clear(self) -> None:
        """Forget all children; does nothing without label names."""
        family = self._family
        if family.labelnames and not self._labelvalues:
            with family.lock:
                family.children.clear()

    def _require_labels(self) -> Family:
        if not self._family.labelnames:
            raise ValueError(f"No label names were set when {self} was created; there is nothing to remove.")
        return self._family

    def _missing_labels(self) -> ValueError:
        family = self._family
        return ValueError(
            f"{family.type} metric is missing label values: call {family.name}.labels({', '.join(family.labelnames)})."
        )

    def _require_cell(self) -> None:
        if self._family.labelnames and not self._labelvalues:
            raise self._missing_labels()

    def describe(self) -> Iterable[Metric]:
        """Return the family without samples, for the registry's check of duplicates."""
        return [self._family.describe()]

    def collect(self) -> Iterable[Metric]:
        """Return the family with the samples of all children, in the order of their creation. Safe in threads."""
        family = self._family
        metric = family.describe()
        # One C call, so no thread can add a child half way through.
        for labelvalues, child in family.children.copy().items():
            child._add_samples(metric, dict(zip(family.labelnames, labelvalues, strict=True)))
        return [metric]

    def __str__(self) -> str:
        return f"{self._family.type}:{self._family.name}"

    def __repr__(self) -> str:
        return f"{type(self).__module__}.{type(self).__name__}({self._family.name})"


def as_float(amount: float) -> float:
    """Return a plain float of any number that can be added to one.

    Raises:
        TypeError: the amount is not such a number; a string is not.
    """
    return float(0.0 + amount)
