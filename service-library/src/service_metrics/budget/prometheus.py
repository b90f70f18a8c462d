"""The metric classes of backend `prometheus` where a budget of series is set: prometheus_client's, held to it."""

from __future__ import annotations

import inspect
from functools import wraps
from typing import Any

import prometheus_client
from prometheus_client import REGISTRY

from service_metrics.budget.children import be_rationed, keeping_children

__all__ = ["Counter", "Enum", "Gauge", "Histogram", "Info", "Summary"]


def _rationed(theirs: type[Any]) -> type[Any]:
    signature = inspect.signature(theirs.__init__)

    @wraps(theirs.__init__)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        theirs.__init__(self, *args, **kwargs)
        if "_labelvalues" not in kwargs:  # not a child
            be_rationed(self, signature.bind(self, *args, **kwargs).arguments.get("registry", REGISTRY))

    members = {"__init__": __init__, "clear": keeping_children(theirs.clear)}
    for name in ("__module__", "__qualname__", "__doc__"):
        members[name] = getattr(theirs, name)
    return type(theirs.__name__, (theirs,), members)


Counter = _rationed(prometheus_client.Counter)
Enum = _rationed(prometheus_client.Enum)
Gauge = _rationed(prometheus_client.Gauge)
Histogram = _rationed(prometheus_client.Histogram)
Info = _rationed(prometheus_client.Info)
Summary = _rationed(prometheus_client.Summary)
