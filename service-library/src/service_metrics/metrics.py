"""prometheus_client.metrics's public names: the metric classes of the chosen backend."""

from __future__ import annotations

import sys
from types import ModuleType

import prometheus_client.metrics
from prometheus_client.metrics import MetricWrapperBase, _get_use_created

from service_metrics.backend import Counter, Enum, Gauge, Histogram, Info, Summary, disable_created_metrics

__all__ = [
    "Counter",
    "Enum",
    "Gauge",
    "Histogram",
    "Info",
    "MetricWrapperBase",
    "Summary",
    "_get_use_created",
    "disable_created_metrics",
    "enable_created_metrics",
]


def enable_created_metrics() -> None:
    """Publish `_created` series of counters, histograms and summaries; importing this package has turned them off."""
    prometheus_client.metrics.enable_created_metrics()  # type: ignore[no-untyped-call]  # it has no annotations


class _Metrics(ModuleType):
    """Has prometheus_client's own switch of `_created`, which code from before enable_created_metrics() assigns."""

    @property
    def _use_created(self) -> bool:
        return prometheus_client.metrics._use_created

    @_use_created.setter
    def _use_created(self, use: bool) -> None:
        prometheus_client.metrics._use_created = use


sys.modules[__name__].__class__ = _Metrics
