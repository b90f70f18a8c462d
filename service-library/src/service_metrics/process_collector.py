"""prometheus_client.process_collector's public names."""

from __future__ import annotations

from prometheus_client.process_collector import PROCESS_COLLECTOR, ProcessCollector

__all__ = ["PROCESS_COLLECTOR", "ProcessCollector"]
