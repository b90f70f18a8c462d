"""Rows of alerts, promises and budgets: what each key changes in the PrometheusRule."""

from __future__ import annotations

from typing import Any

from tests.charts.keys.row import ANYTHING, Row

GROUPS = "PrometheusRule spec.groups"
ALERTS = "metrics.alerts"
RULES = {"metrics": {"slo": {"availability": 0, "latency": {"p99": None}}, "budget": {"series": 0}}}
"""A release with nothing but the plain alerts, in one group: errors, slow, workers, silence, restarts."""
PROMISED = {"metrics": {"slo": {"availability": 0, "latency": {"p99": None}}, "budget": {"series": 2000}}}


def rule(value: Any, number: int, part: str, shows: Any = ANYTHING) -> Row:
    """A row whose value is seen in one of the plain alerts."""
    return Row(value, f"{GROUPS}[0].rules[{number}].{part}", shows, given=RULES)


def watched(number: int) -> Row:
    """An alert that is turned off makes the last one move up."""
    return rule(value=False, number=number, part="alert")


RENDERS: dict[str, Row] = {
    f"{ALERTS}.enabled": Row(value=False, where="PrometheusRule"),
    f"{ALERTS}.create": Row("never", "PrometheusRule"),
    f"{ALERTS}.labels.*": Row("main", "PrometheusRule metadata.labels.release", "main", name="release"),
    f"{ALERTS}.runbookUrl": rule(
        "https://wiki/runbooks", 0, "annotations.runbook_url", "https://wiki/runbooks/ServiceErrorRateHigh"
    ),
    f"{ALERTS}.severities.page": rule("sev1", 0, "labels.severity", "sev1"),
    f"{ALERTS}.severities.ticket": rule("sev3", 1, "labels.severity", "sev3"),
    f"{ALERTS}.errorRate.enabled": watched(0),
    f"{ALERTS}.errorRate.percent": rule(2.5, 0, "expr"),
    f"{ALERTS}.errorRate.for": rule("9m", 0, "for", "9m"),
    f"{ALERTS}.slowRequests.enabled": watched(1),
    f"{ALERTS}.slowRequests.quantile": rule("p99.9", 1, "expr"),
    f"{ALERTS}.slowRequests.above": rule("1500ms", 1, "expr"),
    f"{ALERTS}.slowRequests.for": rule("9m", 1, "for", "9m"),
    f"{ALERTS}.workersMissing.enabled": watched(2),
    f"{ALERTS}.workersMissing.for": rule("9m", 2, "for", "9m"),
    f"{ALERTS}.noMetrics.enabled": watched(3),
    f"{ALERTS}.noMetrics.for": rule("9m", 3, "for", "9m"),
    f"{ALERTS}.restarts.enabled": watched(4),
    f"{ALERTS}.restarts.count": rule(9, 4, "expr"),
    f"{ALERTS}.restarts.window": rule("9m", 4, "expr"),
    "metrics.slo.availability": Row(99.5, f"{GROUPS}[0].name", "aaa-api-slo", given=RULES),
    "metrics.slo.latency.*": Row("300ms", f"{GROUPS}[0].rules[0].labels.slo", "latency-p95", given=RULES, name="p95"),
    "metrics.budget.warnPercent": Row(50, f"{GROUPS}[0].rules[5].expr", given=PROMISED),
}
