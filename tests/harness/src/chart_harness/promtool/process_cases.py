"""Cases for alerts on processes that are missing, silent, or started again and again."""

from __future__ import annotations

import re

from chart_harness.promtool.case import MINUTE, Case
from chart_harness.promtool.firing import fires, quiet
from chart_harness.promtool.rule import Rule, Rules
from chart_harness.promtool.simulation import (
    PODS,
    labelled,
    others,
    process_labels,
    processes,
    target_labels,
    targets,
)

_STARTED = "1000"
_FOREVER = f"{_STARTED}x6000"
_LONG = 24 * 60 * MINUTE


def workers_missing(alert: Rule, rules: Rules) -> list[Case]:
    found = re.search(r"< ([0-9]+)", alert.expr)
    workers = int(found[1]) if found else 1
    late, early = alert.for_seconds + 12 * MINUTE, alert.for_seconds + 9 * MINUTE
    noise = others(rules, _LONG)
    scraped = targets("1x6000", 100) if rules.pulled else {}
    everybody = processes(rules, workers, _FOREVER)
    cases = [Case((alert.name,), "every worker is there", {**noise, **scraped, **everybody}, quiet(alert, late))]
    if workers > 1:
        gone = labelled("process_start_time_seconds", process_labels(rules, PODS[0]))
        series = {**noise, **scraped, **everybody, gone: f"{_STARTED}x10 stale"}
        expected = quiet(alert, early) + fires(alert, late, pod=PODS[0])
        cases.append(Case((alert.name,), "one worker of a pod ends", series, expected))
    if rules.pulled:
        silent = {name: f"{_STARTED}x10 stale" for name in everybody if PODS[0] in name}
        down = {labelled("up", {**target_labels(PODS[0]), "pod": PODS[0]}): "1x10 0x6000"}
        expected = quiet(alert, early) + fires(alert, late, pod=PODS[0])
        cases.append(
            Case((alert.name,), "a pod does not answer", {**noise, **scraped, **everybody, **silent, **down}, expected)
        )
    return cases


def metrics_missing(alert: Rule, rules: Rules) -> list[Case]:
    patience = 10 * MINUTE + alert.window + alert.for_seconds
    noise = others(rules, _LONG)
    heard = processes(rules, 1, _FOREVER)
    silent = dict.fromkeys(heard, f"{_STARTED}x10 stale")
    one_left = {**heard, next(iter(heard)): f"{_STARTED}x10 stale"}
    expected = quiet(alert, patience - MINUTE) + fires(alert, patience + 2 * MINUTE)
    return [
        Case((alert.name,), "nobody is heard of", {**noise, **silent}, expected),
        Case((alert.name,), "one pod is heard of", {**noise, **one_left}, quiet(alert, patience + 2 * MINUTE)),
    ]


def restarts(alert: Rule, rules: Rules) -> list[Case]:
    limit, workers = int(alert.limit), int(alert.number(r"\) - ([0-9]+) >"))
    noise = others(rules, _LONG)
    steady = processes(rules, workers, _FOREVER)
    end = alert.window + 30 * MINUTE

    def again(times: int) -> dict[str, str]:
        """The container comes back so often, with the same process id."""
        starts = " ".join(f"{2000 + number}x0" for number in range(times))
        before = round(end / MINUTE) - times
        first = labelled("process_start_time_seconds", process_labels(rules, PODS[0]))
        return {**noise, **steady, first: f"{_STARTED}x{before - 1} {starts} {2000 + times - 1}x6000"}

    def replaced(times: int) -> dict[str, str]:
        """A worker is replaced so often, by one with another process id."""
        before = round(end / MINUTE) - times
        series = {**noise, **steady}
        for number in range(times):
            name = labelled("process_start_time_seconds", process_labels(rules, PODS[0], 100 + number))
            series[name] = f"_x{before + number} 3000x1 stale"
        return series

    return [
        Case((alert.name,), "a container comes back too often", again(limit + 1), fires(alert, end, pod=PODS[0])),
        Case((alert.name,), "workers are replaced too often", replaced(limit + 1), fires(alert, end, pod=PODS[0])),
        Case((alert.name,), "a container comes back as often as may be", again(limit), quiet(alert, end)),
        Case((alert.name,), "workers are replaced as often as may be", replaced(limit), quiet(alert, end)),
        Case((alert.name,), "it was long ago", again(limit + 1), quiet(alert, end + alert.window + 5 * MINUTE)),
    ]
