"""Cases for every rule of a service."""

from __future__ import annotations

from collections.abc import Callable

from chart_harness.promtool import budget_cases, process_cases, recording_cases, slo_cases, work_cases
from chart_harness.promtool.case import Case
from chart_harness.promtool.rule import Rule, Rules, UnknownRuleError

ALERTS: dict[str, Callable[[Rule, Rules], list[Case]]] = {
    "ServiceAvailabilityBurnsFast": slo_cases.burns,
    "ServiceAvailabilityBurnsSlowly": slo_cases.burns,
    "ServiceErrorRateHigh": work_cases.error_rate,
    "ServiceLatencyBurnsFast": slo_cases.burns,
    "ServiceLatencyBurnsSlowly": slo_cases.burns,
    "ServiceMetricsMissing": process_cases.metrics_missing,
    "ServiceRestarts": process_cases.restarts,
    "ServiceSeriesBudget": budget_cases.nearly_used,
    "ServiceSeriesLeftOut": budget_cases.left_out,
    "ServiceSlow": work_cases.slow,
    "ServiceWorkersMissing": process_cases.workers_missing,
}
"""How each alert is tested: at least one case in which it fires, and one in which it is quiet."""


def generate(rules: Rules) -> list[Case]:
    """All cases. Raises UnknownRuleError for a rule that nothing here tests."""
    cases = recording_cases.records(rules)
    for alert in rules.alerts:
        if alert.name not in ALERTS:
            raise UnknownRuleError(f"Nothing tests the alert {alert.name}: add it to chart_harness.promtool.generate.")
        cases += ALERTS[alert.name](alert, rules)
    missing = {rule.name for rule in rules.all} - {name for case in cases for name in case.rules}
    if missing:
        raise UnknownRuleError(f"Nothing tests the rules {', '.join(sorted(missing))}: add cases for them.")
    return cases
