"""prometheus_client.twisted's public name: a registry as a resource of Twisted, which must be installed."""

from __future__ import annotations

from prometheus_client.twisted import MetricsResource

__all__ = ["MetricsResource"]
