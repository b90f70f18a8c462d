"""Cases for alerts on work that fails or is slow."""

from __future__ import annotations

from dataclasses import replace

from chart_harness.promtool.case import MINUTE, Case
from chart_harness.promtool.firing import fires, quiet
from chart_harness.promtool.rule import BOUNDS, Rule, Rules
from chart_harness.promtool.simulation import Phase, others, work

_BEFORE = 20 * MINUTE


def error_rate(alert: Rule, rules: Rules) -> list[Case]:
    limit = alert.limit / 100
    too_much = limit + min(limit / 5, (1 - limit) / 2)
    return _cases(alert, rules, Phase(0, failing=too_much), Phase(0, failing=limit * 0.8))


def slow(alert: Rule, rules: Rules) -> list[Case]:
    share = 1 - alert.number(r"histogram_quantile\(([0-9.e-]+),")
    bound = next(bound for bound in BOUNDS if bound >= alert.limit)
    return _cases(
        alert,
        rules,
        Phase(0, slow=min(1.0, share * 1.2), slower_than=bound),
        Phase(0, slow=share * 0.8, slower_than=bound, usual=bound),
    )


def _cases(alert: Rule, rules: Rules, bad: Phase, good: Phase) -> list[Case]:
    """Bad after a while: it fires once that has lasted, and not before."""
    patience = alert.window + alert.for_seconds
    duration = patience + 5 * MINUTE
    noise = others(rules, _BEFORE + duration)

    def scenario(phase: Phase) -> dict[str, str]:
        then = replace(phase, seconds=duration)
        return {**noise, **work(rules, [Phase(_BEFORE, slower_than=phase.slower_than, usual=phase.usual), then])}

    after = _BEFORE + patience + 2 * MINUTE
    early = (
        _BEFORE + alert.window * 5 / 6 + alert.for_seconds - 2 * MINUTE
    )  # it is too much once five sixths of the window are
    return [
        Case((alert.name,), "a fifth above the limit", scenario(bad), quiet(alert, early) + fires(alert, after)),
        Case((alert.name,), "a fifth below the limit", scenario(good), quiet(alert, after)),
        Case((alert.name,), "no work at all", noise, quiet(alert, after)),
    ]
