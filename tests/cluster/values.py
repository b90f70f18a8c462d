"""Values that tests give over those of a service's files."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any

from chart_harness.layers import over

SERVICES = ("aaa-api", "archive-tagger", "event-recorder")
PORT = 8080
CALLER = "aaa-gateway"
"""The service whose pods aaa-api lets in."""

_THRIFTY: Mapping[str, Any] = {"workload": {"resources": {"requests": {"cpu": "20m"}}}}
"""What a pod asks of the scheduler only, so that several releases fit on one node of two processors."""

SCRAPED_OFTEN: Mapping[str, Any] = {"metrics": {"serviceMonitor": {"interval": "1s", "scrapeTimeout": "1s"}}}
"""A test that waits for Prometheus does not wait for its usual interval."""

PUSHED_OFTEN: Mapping[str, Any] = {"metrics": {"otlp": {"pushInterval": "1s"}}}


def values(*layers: Mapping[str, Any]) -> Mapping[str, Any]:
    """Maps of values, each over the one before, and all over what keeps a release small."""
    return reduce(over, layers, _THRIFTY)


def variables(**standard: str) -> Mapping[str, Any]:
    """Environment variables of the service."""
    return {"env": {"standard": standard}}
