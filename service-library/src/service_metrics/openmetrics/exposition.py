"""prometheus_client.openmetrics.exposition's public names: writes OpenMetrics."""

from __future__ import annotations

import prometheus_client.openmetrics.exposition
from prometheus_client.openmetrics.exposition import (
    ALLOWUTF8,
    CONTENT_TYPE_LATEST,
    DOTS,
    ESCAPING_HEADER_TAG,
    UNDERSCORES,
    VALUES,
    escape_label_name,
    escape_metric_name,
)
from prometheus_client.registry import Collector

from service_metrics.exposition.constant_labels import ConstantLabels
from service_metrics.exposition.openmetrics import OPENMETRICS
from service_metrics.pacing import whole
from service_metrics.recording.reading import families

__all__ = [
    "ALLOWUTF8",
    "CONTENT_TYPE_LATEST",
    "DOTS",
    "ESCAPING_HEADER_TAG",
    "UNDERSCORES",
    "VALUES",
    "escape_label_name",
    "escape_metric_name",
    "generate_latest",
]


def generate_latest(registry: Collector, escaping: str = UNDERSCORES, version: str = "1.0.0") -> bytes:
    """Return a registry as OpenMetrics text; from version 2 on prometheus_client writes it, native histograms too."""
    if not version.startswith(("0.", "1.")):
        page: bytes = prometheus_client.openmetrics.exposition.generate_latest(registry, escaping, version)  # type: ignore[no-untyped-call]
        return page
    return whole(OPENMETRICS.render(families(registry), ConstantLabels(), escaping))
