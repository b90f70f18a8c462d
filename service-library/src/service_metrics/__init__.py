"""prometheus_client's API on two backends, fork-safe, with a series per worker.

Import metrics from here instead of from prometheus_client; PROMETHEUS_BACKEND decides who records them.
"""

from __future__ import annotations

from service_metrics.backend import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Enum,
    Gauge,
    Histogram,
    Info,
    Summary,
    disable_created_metrics,
    generate_latest,
)
from service_metrics.publishing import Publication, publish
from service_metrics.settings import Settings, SettingsError

__all__ = [
    "CONTENT_TYPE_LATEST",
    "REGISTRY",
    "CollectorRegistry",
    "Counter",
    "Enum",
    "Gauge",
    "Histogram",
    "Info",
    "Publication",
    "Settings",
    "SettingsError",
    "Summary",
    "disable_created_metrics",
    "generate_latest",
    "publish",
]
