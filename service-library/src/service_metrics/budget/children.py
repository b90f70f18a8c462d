"""The budget on prometheus_client's metrics: the dict of a metric's children refuses what does not fit.

prometheus_client's `labels()` asks, under the metric's lock, whether the children have these values; puts a new child
there where they have not; and returns what it finds there. So a dict that leaves a child out and finds the overflow
instead is all it takes, and `labels()` runs unchanged, at its own speed while there is room.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from prometheus_client import CollectorRegistry

from service_metrics.budget.ration import Ration
from service_metrics.budget.series_budget import SeriesBudget, budget_of
from service_metrics.recording.family import created_series_are_enabled

Values = tuple[str, ...]


class Children(dict[Values, Any]):
    """Children by label values, while there is room.

    Args:
        budget: What they take from.
        metric: Whose they are.
    """

    def __init__(self, budget: SeriesBudget, metric: Any) -> None:
        super().__init__()
        self._metric = metric
        self.ration = Ration(budget, metric._name, metric._labelnames, self.keys(), lambda: series_of_a_child(metric))

    def __setitem__(self, values: Values, child: Any) -> None:
        if self.ration.take():
            super().__setitem__(values, child)
        if not self.ration.has_room():
            self.__class__ = FullChildren

    def __missing__(self, values: Values) -> Any:
        """Return the overflow, for values that were just left out."""
        self.ration.drop(values)
        if self.ration.overflow not in self.keys():
            super().__setitem__(self.ration.overflow, self._overflow())
        return self[self.ration.overflow]

    def _overflow(self) -> Any:
        metric = self._metric
        names = {"namespace": metric._namespace, "subsystem": metric._subsystem, "unit": metric._unit}
        return type(metric)(
            metric._original_name,
            documentation=metric._documentation,
            labelnames=metric._labelnames,
            _labelvalues=self.ration.overflow,
            **{**metric._kwargs, **names},
        )

    def __delitem__(self, values: Values) -> None:
        self.pop(values, None)

    def pop(self, values: Values, *default: Any) -> Any:
        if values in self.keys():
            self.ration.give_back([values])
        return super().pop(values, *default)

    def clear(self) -> None:
        self.ration.give_back(list(self))
        super().clear()


class FullChildren(Children):
    """Children when there was no room at last sight: makes nothing that would be thrown away."""

    def __contains__(self, values: object) -> bool:
        if values in self.keys():
            return True
        if self.ration.has_room():
            self.__class__ = Children  # type: ignore[assignment]  # back to what this class is made of
            return False
        return True  # what is not there is found all the same: the overflow


def series_of_a_child(metric: Any) -> int:
    """Return how many lines a child of a metric of prometheus_client prints, as things are now."""
    if metric._type == "histogram":
        lines: int = len(metric._upper_bounds) + 1 + (metric._upper_bounds[0] >= 0)
    elif metric._type == "stateset":
        lines = len(metric._states)
    else:
        lines = 2 if metric._type == "summary" else 1
    return lines + int(metric._type in ("counter", "histogram", "summary") and created_series_are_enabled())


def be_rationed(metric: Any, registry: CollectorRegistry | None) -> None:
    """Hold a metric of prometheus_client, just declared, to the budget of the registry it is in."""
    budget = None if registry is None else budget_of(registry)
    if budget is None:
        return
    if metric._labelnames:
        metric._metrics = Children(budget, metric)
    else:
        budget.add(series_of_a_child(metric))


def keeping_children(theirs: Callable[[Any], None]) -> Callable[[Any], None]:
    """Return prometheus_client's `clear`, which puts a new dict in the place of the children, with ours put back."""

    @wraps(theirs)
    def clear(self: Any) -> None:
        children = vars(self).get("_metrics")
        theirs(self)
        if isinstance(children, Children):
            with self._lock:
                children.clear()
                for values, child in self._metrics.items():  # made by another thread since
                    children[values] = child
                self._metrics = children

    return clear
