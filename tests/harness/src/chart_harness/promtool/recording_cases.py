"""Cases for recording rules: a history that is different in each window, and the value that each rule must have then."""

from __future__ import annotations

import promql_parser

from chart_harness.promtool.case import MINUTE, Case, Expected
from chart_harness.promtool.rule import Rule, Rules, UnknownRuleError
from chart_harness.promtool.simulation import Phase, labelled, others, work

_STEP = 2 * MINUTE
_EVALUATED = 10 * MINUTE
_RAMP = 5 * MINUTE
_HISTORY = (
    (60 * 60, 0.0, 10.0),
    (20 * 60, 0.02, 10.0),
    (10 * 60, 0.05, 10.0),
    (150, 0.1, 10.0),
    (40, 0.2, 10.0),
    (20, 0.4, 10.0),
    (20, 0.8, 20.0),
)
"""Minutes, the share of bad work in them, and the work per second; the last at the end."""
_PRECISION = 0.05
_BEHIND = 0.2  # promtool takes groups in any order: the one of the month may be an evaluation behind the other


def records(rules: Rules) -> list[Case]:
    """One history for each promise, with all its records."""
    recordings = [rule for rule in rules.all if not rule.is_alert]
    return [_promise(rules, recordings, slo) for slo in sorted({rule.slo for rule in recordings})]


def _promise(rules: Rules, recordings: list[Rule], slo: str) -> Case:
    bound = rules.bound(slo)
    phases = [
        Phase(minutes * MINUTE, 0.0 if bound else share, share if bound else 0.0, bound or 5.0, rate)
        for minutes, share, rate in _HISTORY
    ]
    end = sum(phase.seconds for phase in phases)
    series = {**others(rules, end, step=_STEP), **work(rules, phases, step=_STEP)}
    recorded = [rule for rule in recordings if rule.slo == slo]
    expected: list[Expected] = []
    for rule in recorded:
        ours = labelled(rule.name, {**rules.identity, "slo": slo})
        precision = _BEHIND if rule.name.endswith("rate30d") else _PRECISION
        near = f"count(abs({ours} / {value(rule):.9g} - 1) < {precision}) or vector(0)"
        expected += [Expected(near, end, 1), Expected(f"count({labelled(rule.name, {'slo': slo})})", end, 1)]
    return Case(
        tuple(rule.name for rule in recorded), f"what {slo} records", series, tuple(expected), slo, _STEP, _EVALUATED
    )


def value(rule: Rule) -> float:
    """What the rule must have recorded at the end of the history."""
    kind = rule.name.removeprefix("environment_service_slo:")
    if kind == "work:rate5m":
        return _HISTORY[-1][2]
    if kind == "errors:rate5m":
        return _HISTORY[-1][1] * _HISTORY[-1][2]
    if kind == "error_budget:ratio":
        return rule.number(r"vector\(([0-9.e-]+)\)")
    if kind.startswith("errors:ratio_rate"):
        return _share(promql_parser.parse_duration(kind.removeprefix("errors:ratio_rate")).total_seconds())
    raise UnknownRuleError(f"Nobody knows what {rule.name} should be: teach chart_harness.promtool.recording_cases.")


def _share(window: float) -> float:
    """Bad work by work, each as the rates of the five minutes before every evaluation in the window add up."""
    end = sum(minutes for minutes, _, _ in _HISTORY) * MINUTE
    times = [end - number * _EVALUATED for number in range(max(1, int(min(window, end) // _EVALUATED)))]
    bad = sum(_done(time, bad=True) - _done(time - _RAMP, bad=True) for time in times)
    return bad / sum(_done(time) - _done(time - _RAMP) for time in times)


def _done(second: float, *, bad: bool = False) -> float:
    """How much work was done until then, or how much of it was bad."""
    total, begin = 0.0, 0.0
    for minutes, share, rate in _HISTORY:
        total += (share if bad else 1.0) * rate * max(0.0, min(second - begin, minutes * MINUTE))
        begin += minutes * MINUTE
    return total
