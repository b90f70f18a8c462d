"""prometheus_client's API, from the backend that PROMETHEUS_BACKEND names when the package is imported.

`prometheus`: the classes are prometheus_client's own (with METRICS_SERIES_BUDGET, subclasses that keep to it). `otel`: the
classes of `service_metrics.recording`, which record without a lock and which `service_metrics.otlp` exports. `shadow`:
prometheus_client's, each with one of ours beside it.
All use prometheus_client's registry, so one REGISTRY holds the process, GC and platform collectors, the metrics of other
libraries and ours.

Type checkers always see the classes of `service_metrics.recording`: the same signatures, fully typed.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client import disable_created_metrics as _disable_created_metrics

from service_metrics.budget.series_budget import LIMIT
from service_metrics.recording import HAS_GIL
from service_metrics.settings import SettingsError, backend_from_env


def _require_otel_extra() -> None:
    for module in ("opentelemetry.sdk.metrics", "opentelemetry.exporter.otlp.proto.http"):
        try:
            present = find_spec(module) is not None
        except ModuleNotFoundError:
            present = False
        if not present:
            raise SettingsError(
                f"PROMETHEUS_BACKEND is {BACKEND!r} but the OpenTelemetry SDK is not installed; "
                "install 'service-metrics[otel]' or unset PROMETHEUS_BACKEND."
            )


def disable_created_metrics() -> None:
    """Leave `_created` series out, as prometheus_client's function does; importing this package has called it."""
    _disable_created_metrics()  # type: ignore[no-untyped-call]  # prometheus_client leaves it unannotated


BACKEND = backend_from_env()

if BACKEND != "prometheus":
    _require_otel_extra()

if TYPE_CHECKING or (BACKEND == "otel" and HAS_GIL):
    from service_metrics.recording.counter import Counter
    from service_metrics.recording.enum import Enum
    from service_metrics.recording.gauge import Gauge
    from service_metrics.recording.histogram import Histogram
    from service_metrics.recording.info import Info
    from service_metrics.recording.summary import Summary
elif BACKEND == "otel":
    from service_metrics.recording.free_threaded import Counter, Enum, Gauge, Histogram, Info, Summary
elif BACKEND == "shadow":
    from service_metrics.shadow.metrics import Counter, Enum, Gauge, Histogram, Info, Summary
elif LIMIT is not None:
    from service_metrics.budget.prometheus import Counter, Enum, Gauge, Histogram, Info, Summary
else:
    from prometheus_client import Counter, Enum, Gauge, Histogram, Info, Summary

# A `_created` series doubles the cost of every counter on the page, and the page must not depend on the backend.
disable_created_metrics()

__all__ = [
    "BACKEND",
    "CONTENT_TYPE_LATEST",
    "HAS_GIL",
    "REGISTRY",
    "CollectorRegistry",
    "Counter",
    "Enum",
    "Gauge",
    "Histogram",
    "Info",
    "Summary",
    "disable_created_metrics",
    "generate_latest",
]
