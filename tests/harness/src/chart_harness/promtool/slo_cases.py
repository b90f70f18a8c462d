"""Cases for burn-rate alerts: each pair of windows by itself."""

from __future__ import annotations

import re

import promql_parser

from chart_harness.promtool.case import MINUTE, Case
from chart_harness.promtool.firing import fires, quiet
from chart_harness.promtool.rule import Rule, Rules, UnknownRuleError
from chart_harness.promtool.simulation import Phase, others, work

_PAIR = re.compile(
    r"ratio_rate(?P<long>\w+)\{[^}]*\} > (?P<factor>[0-9.]+) \* (?P<budget>[0-9.e-]+)\s+and\s+"
    r"[\w:]+ratio_rate(?P<short>\w+)\{"
)
_RAMP = 5 * MINUTE  # the recorded rates look back so far


def burns(alert: Rule, rules: Rules) -> list[Case]:
    pairs = [match.groupdict() for match in _PAIR.finditer(alert.expr)]
    if not pairs:
        raise UnknownRuleError(f"{alert.name} has no pair of windows: {alert.expr}")
    longest = max(_seconds(pair["long"]) for pair in pairs)
    cases = []
    for pair in pairs:
        cases += _pair(alert, rules, pair, longest)
    return cases


def _pair(alert: Rule, rules: Rules, pair: dict[str, str], longest: float) -> list[Case]:
    """Much good work for the longest window, so that no longer window sees what comes; some for this one; then it goes wrong."""
    long, short = _seconds(pair["long"]), _seconds(pair["short"])
    limit = float(pair["factor"]) * float(pair["budget"])
    share = min(1.0, 2 * limit)
    step = MINUTE if longest <= 12 * 60 * MINUTE else 2 * MINUTE
    crossing = long * limit / share
    lasting = _whole(crossing + 2 * _RAMP + long / 10, step)
    before = _whole(longest, step) + _whole(long, step)
    end = before + lasting
    after = _whole(short + 2 * _RAMP, step)

    def scenario(part: float) -> dict[str, str]:
        bound = rules.bound(alert.labels["slo"])

        def phase(seconds: float, share: float, rate: float) -> Phase:
            return Phase(seconds, 0.0 if bound else share, share if bound else 0.0, bound or 5.0, rate)

        phases = [phase(_whole(longest, step), 0, 100), phase(_whole(long, step), 0, 1), phase(lasting, part, 1)]
        series = work(rules, [*phases, phase(after, 0, 1)], step=step)
        return {**others(rules, end + after, step=step), **series}

    early = before + _whole(crossing * 0.85, step)
    expected = quiet(alert, early) + fires(alert, end) + quiet(alert, end + after)
    name = f"{pair['factor']} times over {pair['long']} and {pair['short']}"
    return [
        Case((alert.name,), name, scenario(share), expected, step),
        Case((alert.name,), f"not quite {name}", scenario(limit * 0.9), quiet(alert, end), step),
    ]


def _seconds(duration: str) -> float:
    return promql_parser.parse_duration(duration).total_seconds()


def _whole(seconds: float, step: int) -> float:
    return float(-(-seconds // step) * step)
