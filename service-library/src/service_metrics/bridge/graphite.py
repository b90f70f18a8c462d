"""prometheus_client.bridge.graphite's public name: pushes a registry to Graphite."""

from __future__ import annotations

from prometheus_client.bridge.graphite import GraphiteBridge

__all__ = ["GraphiteBridge"]
