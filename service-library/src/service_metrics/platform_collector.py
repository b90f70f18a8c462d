"""prometheus_client.platform_collector's public names."""

from __future__ import annotations

from prometheus_client.platform_collector import PLATFORM_COLLECTOR, PlatformCollector

__all__ = ["PLATFORM_COLLECTOR", "PlatformCollector"]
