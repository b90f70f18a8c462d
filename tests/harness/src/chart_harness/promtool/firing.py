"""Asks whether an alert fires, for exactly what it should."""

from __future__ import annotations

from collections.abc import Mapping

from chart_harness.promtool.case import Expected
from chart_harness.promtool.rule import Rule
from chart_harness.promtool.simulation import labelled


def fires(alert: Rule, second: float, *, times: int = 1, **labels: str) -> tuple[Expected, ...]:
    """It fires so often, with these labels and its own, and for nobody else."""
    return (_counted(alert, second, {**alert.labels, **labels}, times), _counted(alert, second, _name(alert), times))


def quiet(alert: Rule, second: float) -> tuple[Expected, ...]:
    """It fires for nobody."""
    return (_counted(alert, second, _name(alert), 0),)


def _name(alert: Rule) -> dict[str, str]:
    """Two promises may have an alert of one name."""
    return {"slo": alert.labels["slo"]} if "slo" in alert.labels else {}


def _counted(alert: Rule, second: float, labels: Mapping[str, str], times: int) -> Expected:
    wanted = labelled("ALERTS", {"alertname": alert.name, "alertstate": "firing", **labels})
    return Expected(f"count({wanted}) or vector(0)", second, times)
