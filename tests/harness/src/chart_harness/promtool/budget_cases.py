"""Cases for alerts on the number of series."""

from __future__ import annotations

from math import floor

from chart_harness.promtool.case import MINUTE, Case
from chart_harness.promtool.firing import fires, quiet
from chart_harness.promtool.rule import Rule, Rules
from chart_harness.promtool.simulation import PODS, labelled, others, process_labels, processes, targets

_LONG = 60 * MINUTE


def nearly_used(alert: Rule, rules: Rules) -> list[Case]:
    late, early = alert.for_seconds + 2 * MINUTE, alert.for_seconds - MINUTE
    above, within = _series(alert, rules, floor(alert.limit) + 1), _series(alert, rules, floor(alert.limit))
    cases = [
        Case((alert.name,), "one series too many", above, quiet(alert, early) + fires(alert, late, times=2)),
        Case((alert.name,), "as many as may be", within, quiet(alert, late)),
    ]
    if rules.pulled:
        refused = {**above, **processes(rules, 1, "1000x2 stale")}
        cases.append(Case((alert.name,), "pages are refused", refused, fires(alert, late, times=2)))
    return cases


def _series(alert: Rule, rules: Rules, count: int) -> dict[str, str]:
    noise = others(rules, _LONG)
    if rules.pulled:
        return {**noise, **processes(rules, 1, "1000x600"), **targets("1x600", count)}
    neighbours = [
        process_labels(rules, "another", identity={**rules.identity, label: "another"}) for label in rules.identity
    ]
    return {
        **noise,
        **_many([process_labels(rules, pod) for pod in PODS], count),
        **_many(neighbours, floor(alert.limit) + 10),
    }


def _many(processes: list[dict[str, str]], count: int) -> dict[str, str]:
    return {
        labelled("app_things", {**labels, "thing": str(number)}): "1x60"
        for labels in processes
        for number in range(count)
    }


def left_out(alert: Rule, rules: Rules) -> list[Case]:
    late, early = alert.for_seconds + 2 * MINUTE, alert.for_seconds - MINUTE
    noise = others(rules, _LONG)
    labels = {**process_labels(rules, PODS[0]), "family": "app_things"}
    name = labelled("service_metrics_dropped_series_total", labels)
    expected = quiet(alert, early) + fires(alert, late, pod=PODS[0], family="app_things")
    return [
        Case((alert.name,), "one series is left out", {**noise, name: "1x600"}, expected),
        Case((alert.name,), "none is left out", {**noise, name: "0x600"}, quiet(alert, late)),
        Case((alert.name,), "none ever was", noise, quiet(alert, late)),
    ]
