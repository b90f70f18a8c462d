"""The parts of the generated rule tests that can be wrong by themselves; the tests themselves are in tests/charts."""

from __future__ import annotations

from typing import Any

import pytest

from chart_harness.promtool.case import Case, Expected
from chart_harness.promtool.rule import Rules, UnknownRuleError, read_rule, selectors
from chart_harness.promtool.simulation import Phase, growing, labelled, work

ALERT = {
    "alert": "A",
    "expr": 'rate(x_total{status=~"5..",service="s"}[5m]) > 3',
    "labels": {"service": "s"},
    "for": "5m",
}


@pytest.mark.parametrize(
    ("steps", "notation", "samples"),
    [
        ([(3, 1.0)], "0+1.000000000x3", 4),
        ([(2, 1.0), (2, 0.5)], "0+1.000000000x2 2.500000000+0.500000000x1", 5),
        ([(2, 0.0), (0, 9.0), (1, 2.0)], "0+0.000000000x2 2.000000000+2.000000000x0", 4),
    ],
)
def test_a_counter_goes_on_from_phase_to_phase(steps: list[tuple[int, float]], notation: str, samples: int) -> None:
    assert growing(steps) == notation
    counted = sum(int(part.rpartition("x")[2]) + 1 for part in notation.split())
    assert counted == samples == sum(number for number, _ in steps) + 1


def test_label_values_are_written_as_promql_has_them() -> None:
    series = labelled("x", {"path": 'a"b\\'})
    assert series == 'x{path="a\\"b\\\\"}'
    [selector] = selectors(series)
    assert [matcher.value for matcher in selector.matchers.matchers] == ['a"b\\']


def test_what_a_rule_says() -> None:
    rule = read_rule(ALERT)
    assert (rule.limit, rule.window, rule.for_seconds, rule.slo) == (3, 300, 300, "")
    with pytest.raises(UnknownRuleError, match="A does not look like"):
        _ = read_rule({**ALERT, "expr": "x"}).limit


def test_the_work_of_both_pods_adds_up() -> None:
    rules = Rules([{"name": "g", "rules": [ALERT]}])
    series = work(rules, [Phase(600, failing=0.25, rate=8)])
    assert {name.partition("{")[0] for name in series} == {"x_total"}
    failing = [values for name, values in series.items() if 'status="500"' in name]
    assert failing == ["0+60.000000000x10"] * 2  # 8 a second, a quarter of it, half in each pod


def test_rules_of_two_services_are_refused() -> None:
    other = {**ALERT, "expr": 'rate(y_total{status=~"5.."}[5m]) > 3'}
    with pytest.raises(UnknownRuleError, match="several counters with a status"):
        _ = Rules([{"name": "g", "rules": [ALERT, other]}]).total


def test_a_case_as_promtool_reads_it() -> None:
    case = Case(("A",), "it", {"x": "1x3"}, (Expected("x", 90.4, 1),), step=30, evaluated=60)
    test: dict[str, Any] = case.file("rules.yaml")
    assert (test["rule_files"], test["evaluation_interval"]) == (["rules.yaml"], "60s")
    [only] = test["tests"]
    assert only["interval"] == "30s"
    assert only["input_series"] == [{"series": "x", "values": "1x3"}]
    assert only["promql_expr_test"] == [
        {"expr": "x", "eval_time": "90s", "exp_samples": [{"labels": "{}", "value": 1}]}
    ]
