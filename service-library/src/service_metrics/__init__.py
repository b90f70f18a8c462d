"""prometheus_client's API on three backends, fork-safe, with a series per worker.

Import metrics from here instead of from prometheus_client; PROMETHEUS_BACKEND decides who records them. All public names of
prometheus_client are here, under the same submodules too.
"""

from __future__ import annotations

from service_metrics.about import LibraryInfo, info
from service_metrics.core import REGISTRY, CollectorRegistry, Metric
from service_metrics.exposition import (
    CONTENT_TYPE_LATEST,
    CONTENT_TYPE_PLAIN_0_0_4,
    CONTENT_TYPE_PLAIN_1_0_0,
    MetricsHandler,
    delete_from_gateway,
    generate_latest,
    instance_ip_grouping_key,
    make_asgi_app,
    make_wsgi_app,
    push_to_gateway,
    pushadd_to_gateway,
    start_http_server,
    start_wsgi_server,
    write_to_textfile,
)
from service_metrics.gc_collector import GC_COLLECTOR, GCCollector
from service_metrics.metrics import (
    Counter,
    Enum,
    Gauge,
    Histogram,
    Info,
    Summary,
    disable_created_metrics,
    enable_created_metrics,
)
from service_metrics.platform_collector import PLATFORM_COLLECTOR, PlatformCollector
from service_metrics.process_collector import PROCESS_COLLECTOR, ProcessCollector
from service_metrics.publishing import Publication, publish
from service_metrics.settings import Settings, SettingsError

__all__ = [
    "CONTENT_TYPE_LATEST",
    "CONTENT_TYPE_PLAIN_0_0_4",
    "CONTENT_TYPE_PLAIN_1_0_0",
    "GC_COLLECTOR",
    "PLATFORM_COLLECTOR",
    "PROCESS_COLLECTOR",
    "REGISTRY",
    "CollectorRegistry",
    "Counter",
    "Enum",
    "GCCollector",
    "Gauge",
    "Histogram",
    "Info",
    "LibraryInfo",
    "Metric",
    "MetricsHandler",
    "PlatformCollector",
    "ProcessCollector",
    "Publication",
    "Settings",
    "SettingsError",
    "Summary",
    "delete_from_gateway",
    "disable_created_metrics",
    "enable_created_metrics",
    "generate_latest",
    "info",
    "instance_ip_grouping_key",
    "make_asgi_app",
    "make_wsgi_app",
    "publish",
    "push_to_gateway",
    "pushadd_to_gateway",
    "start_http_server",
    "start_wsgi_server",
    "write_to_textfile",
]
