"""promtool's verdict on the rules: they are well formed, do what the generated tests say, and no small change goes unseen."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from typing import Any

import pytest

from chart_harness.fleet_render import render_fleet
from chart_harness.frozen import thaw
from chart_harness.promtool.case import Case
from chart_harness.promtool.command import check, failures, texts
from chart_harness.promtool.generate import ALERTS, generate
from chart_harness.promtool.rule import Rules, UnknownRuleError
from chart_harness.render import Release

Render = Callable[..., Release]
Groups = list[dict[str, Any]]

PROMETHEUS = {"PROMETHEUS_BACKEND": "prometheus"}
NO_PROMISE = {"availability": 0, "latency": {"p99": None}}
UNITS = {"slo": NO_PROMISE, "units": {"run": {"role": "task-runner"}, "web": {"workers": 3, "subsystem": "x"}}}
RENDERS: dict[str, tuple[str, dict[str, Any], str]] = {
    "an API that is pulled": (
        "aaa-api",
        {"metrics": {"slo": {"availability": 99.9, "latency": {"p99": "1s"}}, "budget": {"series": 2000}}},
        "aaa-api",
    ),
    "a consumer that pushes": (
        "event-recorder",
        {"metrics": {"workers": 2, "slo": {"availability": 95, "latency": {"p99": None}}, "budget": {"series": 300}}},
        "event-recorder",
    ),
    "a runner that is pulled, slowly": (
        "archive-tagger",
        {
            "metrics": {"serviceMonitor": {"interval": "3m"}, "slo": NO_PROMISE},
            "env": {"standard": PROMETHEUS},
        },
        "archive-tagger",
    ),
    "a unit": (
        "aaa-api",
        {"metrics": UNITS, "workload": {"probes": {"command": ["healthy"]}, "units": {"run": {}, "web": {}}}},
        "aaa-api-web",
    ),
}


def groups_of(render_service: Render, name: str) -> Groups:
    service, overrides, rule_object = RENDERS[name]
    objects = render_service(overrides, service).of_kind("PrometheusRule")
    [found] = [item for item in objects if item["metadata"]["name"] == rule_object]
    groups: Groups = thaw(found["spec"]["groups"])
    return groups


@pytest.mark.parametrize("name", RENDERS)
def test_every_rule_does_what_it_should(render_service: Render, name: str) -> None:
    groups = groups_of(render_service, name)
    cases = generate(Rules(groups))
    assert {rule for case in cases for rule in case.rules} == {rule.name for rule in Rules(groups).all}
    assert failures(groups, cases) == []


def test_every_alert_is_among_them(render_service: Render) -> None:
    seen = {rule.name for name in RENDERS for rule in Rules(groups_of(render_service, name)).alerts}
    assert seen == set(ALERTS)


def test_every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_is_quiet(render_service: Render) -> None:
    for name in RENDERS:
        rules = Rules(groups_of(render_service, name))
        for alert in rules.alerts:
            cases = [case for case in generate(rules) if alert.name in case.rules and case.slo in {"", alert.slo}]
            fire = [case for case in cases if any(expected.value for expected in case.expected)]
            assert fire, alert.name
            assert [case for case in cases if case not in fire], alert.name


def test_the_fleet_s_rules_are_well_formed(fleet_groups: Mapping[str, Groups]) -> None:
    assert len(fleet_groups) > 80
    assert check(fleet_groups) == ""


@pytest.fixture(scope="session")
def fleet_groups(root: Any) -> dict[str, Groups]:
    """The rules of every release, by service and environment."""
    releases = render_fleet(root).releases.items()
    return {
        "-".join(pair): thaw(item["spec"]["groups"]) for pair, r in releases for item in r.of_kind("PrometheusRule")
    }


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"expr": "sum by (x (y)"}, "parse error"),
        ({"for": "soon"}, "not a valid duration"),
        ({"annotations": {"summary": "{{ $labels.pod"}}, "unclosed action"),
    ],
)
def test_what_is_ill_formed_is_found(render_service: Render, change: dict[str, Any], complaint: str) -> None:
    groups = groups_of(render_service, "an API that is pulled")
    groups[-1]["rules"][0] |= change
    assert complaint in check({"broken": groups})


def test_what_a_person_reads(render_service: Render) -> None:
    """Each alert's texts as Prometheus fills them in."""
    groups = groups_of(render_service, "an API that is pulled")
    found: dict[str, set[str]] = {}
    for case in generate(Rules(groups)):
        for alert in case.rules:
            if alert in ALERTS and case.expected[-1].value:
                found.setdefault(alert, set()).update(texts(groups, case, alert))
    assert set(found) == set(ALERTS)
    for alert, sentences in found.items():
        assert sentences, alert
        for sentence in sentences:
            assert not re.search(r"\{\{|<no value>|error |NaN|%!", sentence), sentence
    assert "Pod app-0 has 1 of its 2 worker processes, for 5m or longer." in found["ServiceWorkersMissing"]
    assert "Pod app-0 has 0 of its 2 worker processes, for 5m or longer." in found["ServiceWorkersMissing"]
    assert (
        "1.2 % of its requests failed (status 5xx) over the last 5m, for 5m or longer." in found["ServiceErrorRateHigh"]
    )


def mutants(groups: Groups) -> Iterator[tuple[str, str, str, Groups]]:
    """Rules with one small mistake: what it is, the rule's name and promise, and all groups with it."""
    for group_number, group in enumerate(groups):
        for number, rule in enumerate(group["rules"]):
            for what, changed in _mistakes(rule):
                wrong = deepcopy(groups)
                wrong[group_number]["rules"][number] = changed
                slo = changed.get("labels", {}).get("slo", "") or "".join(
                    re.findall(r'slo="([^"]+)"', rule["expr"])[:1]
                )
                yield what, rule.get("alert") or rule["record"], slo, wrong


def _mistakes(rule: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    expr = rule["expr"]
    changes: dict[str, list[tuple[str, Any]]] = {
        "reads a metric that is not there": [
            (r"\b(\w+(?:_total|_seconds|_bucket|_count|_relabeling))\b(?=\{| and)", r"\1s")
        ],
        "takes another service for it": [(r'service="[^"]+",', "")],
        "takes another environment for it": [(r',environment="[^"]+"', "")],
        "looks back too far": [(r"\[(\d+)(\w)\]", lambda m: f"[{int(m[1]) * 5}{m[2]}]")],
    }
    if "alert" in rule:
        limit = r"(?<=[<>] )([0-9.]+)(?=\s|$)"
        changes |= {
            "compares the wrong way": [(r"([<>]) ", lambda m: "< " if m[1] == ">" else "> ")],
            "has a limit that is too high": [
                (limit, lambda m: str(float(m[1]) * 1.5 if float(m[1]) > 10 else float(m[1]) + 1))
            ],
            "has a limit that is too low": [
                (limit, lambda m: str(float(m[1]) / 1.5 if float(m[1]) > 10 else float(m[1]) - 1))
            ],
            "takes any promise for its own": [(r',slo="[^"]+"', "")],
        }
        yield "is routed elsewhere", {**rule, "labels": {**rule["labels"], "severity": "none"}}
        if "for" in rule:
            yield "is too patient", {**rule, "for": "3h"}
            yield "has no patience", {name: value for name, value in rule.items() if name != "for"}
    for what, [(pattern, replacement)] in changes.items():
        changed = re.sub(pattern, replacement, expr)
        if changed != expr:
            yield what, {**rule, "expr": changed}


EQUIVALENT = {
    ("looks back too far", "ServiceMetricsMissing"),
    ("looks back too far", "ServiceSeriesBudget"),  # an hour, so that a page that is refused is still known
    ("looks back too far", "ServiceWorkersMissing"),
}
"""What no test should find: how long a target is remembered is nothing that an alert's reader notices."""


@pytest.mark.parametrize(
    ("name", "alerts"),
    [
        ("an API that is pulled", set(ALERTS)),
        (
            "a consumer that pushes",
            {"ServiceSeriesBudget", "ServiceWorkersMissing"},
        ),  # those that differ by the delivery
    ],
)
def test_no_mistake_goes_unseen(render_service: Render, name: str, alerts: set[str]) -> None:
    groups = groups_of(render_service, name)
    cases = generate(Rules(groups))
    wrong = [mutant for mutant in mutants(groups) if mutant[1] in alerts and mutant[:2] not in EQUIVALENT]

    def unseen(mutant: tuple[str, str, str, Groups]) -> str:
        what, rule, slo, changed = mutant
        its_own = [case for case in cases if rule in case.rules and case.slo in {"", slo}]
        return "" if _found(changed, its_own) else f"{rule} {what}"

    with ThreadPoolExecutor(2) as pool:
        assert [sentence for sentence in pool.map(unseen, wrong) if sentence] == []
    assert {rule for _, rule, _, _ in wrong} == alerts
    if alerts == set(ALERTS):
        assert len({what for what, *_ in wrong}) == 11


def _found(wrong: Groups, cases: list[Case]) -> bool:
    """Whether one of the cases fails; the dear ones come last."""
    return any(failures(wrong, [case], workers=1) for case in sorted(cases, key=lambda case: len(case.rules)))


def test_no_mistake_in_what_is_recorded_goes_unseen(render_service: Render) -> None:
    """All at once, since each costs a second: every record has an expectation of its own."""
    groups = groups_of(render_service, "a consumer that pushes")
    [case] = [case for case in generate(Rules(groups)) if "records" in case.name]
    assert failures(groups, [case]) == []
    for kind in (
        {"work:rate5m"},
        {"errors:rate5m"},
        {name.partition(":")[2] for name in case.rules} - {"work:rate5m", "errors:rate5m"},
    ):
        wrong = deepcopy(groups)
        changed = set()
        for rule in (rule for group in wrong for rule in group["rules"] if rule.get("record")):
            mistakes = dict(_mistakes(rule))
            if rule["record"].partition(":")[2] in kind and "looks back too far" in mistakes:
                rule["expr"] = mistakes["looks back too far"]["expr"] if "30d" not in rule["expr"] else "vector(0)"
                changed.add(rule["record"])
        [complaint] = failures(wrong, [case])
        assert {record for record in changed if f"{record}{{" in complaint} == changed
        assert changed or kind == set()


def test_a_rule_that_nothing_tests_is_an_error(render_service: Render) -> None:
    groups = groups_of(render_service, "a consumer that pushes")
    groups[-1]["rules"].append({**groups[-1]["rules"][-1], "alert": "ServiceIsBlue"})
    with pytest.raises(UnknownRuleError, match="Nothing tests the alert ServiceIsBlue"):
        generate(Rules(groups))
    with pytest.raises(ValueError, match="There is no case"):
        failures(groups, [])
