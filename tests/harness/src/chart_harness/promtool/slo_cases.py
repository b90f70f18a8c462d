"""Cases for burn-rate alerts: each pair of windows by itself, and one from the work to the alert."""

from __future__ import annotations

import re
from dataclasses import dataclass

import promql_parser

from chart_harness.promtool.case import MINUTE, Case
from chart_harness.promtool.firing import fires, quiet
from chart_harness.promtool.rule import Rule, Rules, UnknownRuleError
from chart_harness.promtool.simulation import Phase, Series, labelled, others, work

_PAIR = re.compile(
    r"(?P<long>[\w:]+ratio_rate\w+)\{[^\n]*\} > (?P<factor>[0-9.]+) \* (?P<budget>[0-9.e-]+)\s+and\s+"
    r"(?P<short>[\w:]+ratio_rate\w+)\{"
)
_RAMP = 5 * MINUTE  # the recorded rates look back so far
_LATE = 10 * MINUTE
_MUCH_WORK = 6 * 60 * MINUTE


@dataclass(frozen=True)
class Pair:
    """Two windows, by the names of what is recorded over them, and the share of bad work above which they are too bad."""

    long: str
    short: str
    limit: float

    @property
    def name(self) -> str:
        return f"{_window(self.long)} and {_window(self.short)}"


def burns(alert: Rule, rules: Rules) -> list[Case]:
    pairs = [Pair(m["long"], m["short"], float(m["factor"]) * float(m["budget"])) for m in _PAIR.finditer(alert.expr)]
    if not pairs:
        raise UnknownRuleError(f"{alert.name} has no pair of windows: {alert.expr}")
    cases = [case for pair in pairs for case in _pair(alert, rules, pair, pairs)]
    return cases + ([_burst(alert, rules, pairs[0])] if _seconds(pairs[0].long) <= 60 * MINUTE else [])


def _pair(alert: Rule, rules: Rules, pair: Pair, pairs: list[Pair]) -> list[Case]:
    """Both windows must be too bad, whatever the others say."""

    def case(name: str, long: float, short: float, *, fire: bool) -> Case:
        shares = {window: 0.0 for other in pairs for window in (other.long, other.short)}
        shares |= {pair.long: long * pair.limit, pair.short: short * pair.limit}
        recorded = {_recorded(window, rules.identity, alert.slo): f"{share:.9f}x60" for window, share in shares.items()}
        for wrong in [{**rules.identity, label: "another"} for label in rules.identity]:
            recorded |= {_recorded(window, wrong, alert.slo): "1x60" for window in shares}
        recorded |= {_recorded(window, rules.identity, "another"): "1x60" for window in shares}
        expected = fires(alert, _LATE) if fire else quiet(alert, _LATE)
        return Case((alert.name,), f"{pair.name}: {name}", recorded, expected, alert.slo)

    return [
        case("both just above", 1.02, 1.02, fire=True),
        case("both just below", 0.98, 0.98, fire=False),
        case("a bad minute", 0.98, 1.02, fire=False),
        case("it is over", 1.02, 0.98, fire=False),
    ]


def _recorded(name: str, identity: dict[str, str], slo: str) -> str:
    return labelled(name, {**identity, "slo": slo})


def _burst(alert: Rule, rules: Rules, pair: Pair) -> Case:
    """Bad work at twice the limit: the alert comes after half the long window, and goes soon after the bad work.

    Before that good work: much of it for six hours, so that no longer window sees the bad part, then some.
    """
    long, short = _seconds(pair.long), _seconds(pair.short)
    share = min(1.0, 2 * pair.limit)
    crossing = long * pair.limit / share
    begin = _MUCH_WORK + long
    early, late = begin + crossing * 0.8, begin + crossing * 1.1 + 2 * _RAMP
    end = late + short + 2 * _RAMP
    bound = rules.bound(alert.slo)

    def phase(seconds: float, rate: float, bad: float = 0.0) -> Phase:
        return Phase(seconds, 0.0 if bound else bad, bad if bound else 0.0, bound or 5.0, rate)

    phases = [phase(_MUCH_WORK, 1000), phase(long, 10), phase(late - begin, 10, share), phase(end - late, 10)]
    series: Series = {**others(rules, end), **work(rules, phases)}
    expected = quiet(alert, early) + fires(alert, late) + quiet(alert, end)
    names = tuple(rule.name for rule in rules.all if rule.slo == alert.slo and not rule.is_alert)
    return Case((alert.name, *names), f"{pair.name}: from the work to the alert", series, expected, alert.slo)


def _window(record: str) -> str:
    return record.partition("ratio_rate")[2]


def _seconds(record: str) -> float:
    return float(promql_parser.parse_duration(_window(record)).total_seconds())
