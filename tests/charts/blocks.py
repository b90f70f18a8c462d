"""Values, written down as short as they are meant: `monitor(interval="1m")`."""

from __future__ import annotations

from typing import Any


def metrics(**values: Any) -> dict[str, Any]:
    """The values of the block `metrics`."""
    return {"metrics": values}


def monitor(**values: Any) -> dict[str, Any]:
    """The values of metrics.serviceMonitor."""
    return metrics(serviceMonitor=values)


def policy(**values: Any) -> dict[str, Any]:
    """The values of metrics.networkPolicy."""
    return metrics(networkPolicy=values)


def standard(**values: Any) -> dict[str, Any]:
    """The values of env.standard."""
    return {"env": {"standard": values}}


def workload(**values: Any) -> dict[str, Any]:
    """The values of the block `workload`."""
    return {"workload": values}
