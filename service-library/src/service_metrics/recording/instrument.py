"""What every metric class of ours shares: labels, and what the registry asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.registry import Collector

from service_metrics.budget.ration import Ration
from service_metrics.budget.series_budget import budget_of
from service_metrics.recording import reading
from service_metrics.recording.cells import Cell
from service_metrics.recording.family import Family, Line, RecordedFamily, registries
from service_metrics.recording.labels import labels_method

Self = TypeVar("Self", bound="Instrument")

UNUSED = ("unused",)
"""Label names for the prometheus_client object that only checks a declaration: with any, it makes no value of its own."""


def _text(value: object) -> str:
    """Return a label value as text, without lone surrogates, as undecodable bytes of a path leave them.

    One of those would cost the whole page.
    """
    text = str(value)
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


class Instrument(Cell):
    """A metric family and, at the same time, its bound child and cell.

    As in prometheus_client, one class is both what a module declares and what `labels()` returns. Without label names
    the declared object is its own only child. With label names it holds no cell, so recording on it fails.

    Recording takes no lock, see `service_metrics.recording.cells`. Creating a child takes the family's lock.
    """

    __slots__ = ()

    def __new__(cls, *arguments: Any, **named: Any) -> Any:
        """Make what a module declares, of a subclass: those without label names share one, others get their own.

        It has a `__dict__` and weak references, as tests want (`mock.patch.object(metric, "inc")`); children, which are
        made otherwise, do not pay for that. Subclasses that a service has written have both anyhow.
        """
        if cls.__dictoffset__:
            return super().__new__(cls)
        labelnames = arguments[2] if len(arguments) > 2 else named.get("labelnames", ())
        declared = None if labelnames else cls.__dict__.get("_without_labels")
        if declared is None:
            names = {"__module__": cls.__module__, "__qualname__": cls.__qualname__, "_child_class": cls}
            declared = type(cls.__name__, (cls,), names)
            if not labelnames:
                cls._without_labels = declared
        return super().__new__(declared)

    def _declare(
        self,
        declared: Collector,
        labelnames: tuple[str, ...],
        registry: CollectorRegistry | None,
        lines: tuple[Line, ...] | None,
        bounds: tuple[float, ...] = (),
    ) -> None:
        """Take over a declaration that prometheus_client has checked.

        Args:
            declared: The same metric as a prometheus_client object without a registry. Creating it raises
                prometheus_client's own errors for bad names, labels, units, buckets and states.
            labelnames: Names of the labels.
            registry: Where to register; None for nowhere.
            lines: What each child publishes; None where that varies.
            bounds: Upper bounds of a histogram's buckets.
        """
        described = next(iter(declared.describe()))  # type: ignore[attr-defined]  # optional in the protocol
        family = Family(described, labelnames, lines, bounds)
        self._family = family
        self._labelvalues = ()
        if labelnames:
            self._find_children_fast(labelnames)
        else:
            self._start()
            family.children[()] = self
        if registry is not None:
            registry.register(self)
            registries.add(registry)
            self._be_rationed(family, registry)

    def _be_rationed(self, family: Family, registry: CollectorRegistry) -> None:
        budget = budget_of(registry)
        if budget is None:
            return
        if family.labelnames:
            family.ration = Ration(
                budget, family.name, family.labelnames, family.children, lambda: family.series_of_a_child
            )
        else:
            budget.add(family.series_of_a_child)

    def _find_children_fast(self, labelnames: tuple[str, ...]) -> None:
        """Give the metric's own class a `labels()` for these names."""
        cls = type(self)
        if cls.labels is not Instrument.labels:
            return  # a subclass has written its own
        method = labels_method(labelnames, self._family.children, Instrument._bind)
        method.__doc__ = Instrument.labels.__doc__
        if "_child_class" not in cls.__dict__:  # written by a service; all its metrics share it
            names = {"__slots__": (), "__module__": cls.__module__, "__qualname__": cls.__qualname__}
            self.__class__ = cls = type(cls.__name__, (cls,), {**names, "_child_class": cls})
        cls.labels = method  # type: ignore[method-assign]

    def _zero(self) -> None:
        """Empty the cell in a forked child."""
        self._start()

    def labels(self: Self, *labelvalues: object, **labelkwargs: object) -> Self:
        """Return the child for these label values, given by position or by name; other types than str become str.

        Keep the child where the values are fixed: recording on it is the fastest path. Safe in threads.

        Raises:
            ValueError: the metric has no labels, has its values already, or names or number do not fit.
        """
        return self._bind(labelvalues, labelkwargs)

    def _bind(self: Self, labelvalues: tuple[object, ...], labelkwargs: Mapping[str, object]) -> Self:
        family = self._family
        names = family.labelnames
        if not names:
            raise ValueError(f"No label names were set when constructing {self}: record on it directly")
        if self._labelvalues:
            bound = dict(zip(names, self._labelvalues, strict=True))
            raise ValueError(f"{self} already has labels set ({bound}); can not chain calls to .labels()")
        if labelvalues and labelkwargs:
            raise ValueError("Can't pass both *args and **kwargs")
        if labelkwargs:
            if sorted(labelkwargs) != sorted(names):
                raise ValueError(f"Incorrect label names: {self} has {list(names)}, not {sorted(labelkwargs)}")
            labelvalues = tuple([labelkwargs[name] for name in names])
        elif len(labelvalues) != len(names):
            raise ValueError(f"Incorrect label count: {self} has {list(names)}, not {len(labelvalues)} labels")
        values = tuple([_text(value) for value in labelvalues])
        try:
            return family.children[values]  # type: ignore[no-any-return]
        except KeyError:
            return self._create(values)

    def _create(self: Self, values: tuple[str, ...]) -> Self:
        family: Family = self._family
        ration = family.ration
        if ration is not None:
            return self._create_within(ration, values)
        child = self._made(values)
        with family.lock:  # of two threads that got here, the second must use the first one's child
            return family.children.setdefault(values, child)  # type: ignore[return-value]

    def _create_within(self: Self, ration: Ration, values: tuple[str, ...]) -> Self:
        """Create a child where the budget has room, else return the one that counts all the others."""
        family: Family = self._family
        child = self._made(values) if ration.has_room() else None
        with family.lock:
            if values in family.children:
                return family.children[values]  # type: ignore[return-value]
            if child is not None and ration.take():
                return family.children.setdefault(values, child)  # type: ignore[return-value]
            ration.drop(values)
            if ration.overflow not in family.children:
                family.children[ration.overflow] = self._made(ration.overflow)
            return family.children[ration.overflow]  # type: ignore[return-value]

    def _made(self: Self, values: tuple[str, ...]) -> Self:
        cls = getattr(self, "_child_class", type(self))
        child: Self = super().__new__(cls)
        child._family = self._family
        child._labelvalues = values
        child._take_options(self)
        if hasattr(child, "__dict__"):  # of a service's subclass, which may need what its __init__ has set
            child.__dict__.update(self.__dict__)
        child._start()
        self._family.note_escapes(values)
        return child

    def _take_options(self: Self, declared: Self) -> None:
        """Copy what is neither labels nor cell, such as bucket bounds, from the declared metric."""

    def remove(self, *labelvalues: object) -> None:
        """Forget one child; unknown values are ignored. A child kept elsewhere records into nothing from then on.

        Raises:
            ValueError: the metric has no labels, or the number of values does not fit.
        """
        family = self._require_labels()
        if len(labelvalues) != len(family.labelnames):
            raise ValueError(f"Incorrect label count (expected {len(family.labelnames)}, got {labelvalues})")
        values = tuple([_text(value) for value in labelvalues])
        with family.lock:
            self._forget(family, [values] if values in family.children else [])

    def remove_by_labels(self, labels: dict[str, str]) -> None:
        """Forget every child that has all of these label values.

        Raises:
            ValueError: the metric has no labels, or not these.
            TypeError: `labels` is not a dict.
        """
        family = self._require_labels()
        if not isinstance(labels, dict):
            raise TypeError("labels must be a dict of {label_name: label_value}")
        unknown = [name for name in labels if name not in family.labelnames]
        if unknown:
            raise ValueError(f"Unknown label names: {unknown}; expected {family.labelnames}")
        wanted = {(name, _text(value)) for name, value in labels.items()}
        if not wanted:
            return
        with family.lock:
            self._forget(family, [v for v in family.children if wanted <= set(zip(family.labelnames, v, strict=True))])

    def clear(self) -> None:
        """Forget all children; does nothing without label names."""
        family = self._family
        if family.labelnames and not self._labelvalues:
            with family.lock:
                self._forget(family, list(family.children))

    def _forget(self, family: Family, removed: Sequence[tuple[str, ...]]) -> None:
        for values in removed:
            family.children.pop(values, None)
        if family.ration is not None:
            family.ration.give_back(removed)

    @property
    def _name(self) -> str:
        """prometheus_client's name for the full name, which code in the wild reads."""
        return str(self._family.name)

    @property
    def _labelnames(self) -> tuple[str, ...]:
        """Likewise."""
        return tuple(self._family.labelnames)

    @property
    def _type(self) -> str:
        """Likewise."""
        return str(self._family.type)

    @property
    def _documentation(self) -> str:
        """Likewise."""
        return str(self._family.documentation)

    def _require_labels(self) -> Family:
        family: Family = self._family
        if not family.labelnames:
            raise ValueError(f"No label names were set when constructing {self}: there is nothing to remove")
        return family

    def _missing_labels(self) -> ValueError:
        family = self._family
        return ValueError(
            f"{family.type} metric is missing label values: call {family.name}.labels({', '.join(family.labelnames)})"
        )

    def _require_cell(self) -> None:
        if self._family.labelnames and not self._labelvalues:
            raise self._missing_labels()

    def describe(self) -> Iterable[Metric]:
        """Return the family without samples, for the registry's check of duplicates."""
        family = self._family
        return [Metric(family.name, family.documentation, family.type, family.unit)]

    def collect(self) -> Iterable[Metric]:
        """Return the family with what all children hold, in the order of their creation. Safe in threads."""
        family = self._family
        # One C call, so no thread can add a child half way through.
        children = [self] if self._labelvalues else list(family.children.copy().values())
        return [self._collected(family, children)]

    def _collected(self, family: Family, children: Sequence[Any]) -> Metric:
        return RecordedFamily(family, children, read=not reading.at_once())

    def __str__(self) -> str:
        return f"{self._family.type}:{self._family.name}"

    def __repr__(self) -> str:
        return f"{type(self).__module__}.{type(self).__name__}({self._family.name})"
