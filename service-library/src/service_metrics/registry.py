"""prometheus_client.registry's public names: the same registry on every backend, so foreign collectors are in it too."""

from __future__ import annotations

from prometheus_client.registry import REGISTRY, Collector, CollectorRegistry, DuplicateTimeseries, RestrictedRegistry

__all__ = ["REGISTRY", "Collector", "CollectorRegistry", "DuplicateTimeseries", "RestrictedRegistry"]
