"""prometheus_client.gc_collector's public names."""

from __future__ import annotations

from prometheus_client.gc_collector import GC_COLLECTOR, GCCollector

__all__ = ["GC_COLLECTOR", "GCCollector"]
