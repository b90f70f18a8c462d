"""What each edit of a release is called, and that another spelling of the same is no change."""

from __future__ import annotations

from typing import Any

import pytest

from chart_harness.blast_radius.change import Change, Difference, Kind
from chart_harness.blast_radius.compare import compare
from tests.harness.tests.blast_radius.edits_of_objects import DASHBOARDS, MONITORS, OTHERS, RULES, SERVICES
from tests.harness.tests.blast_radius.edits_of_workloads import APP, WORKLOADS
from tests.harness.tests.blast_radius.shop import PANELS, Edit, Objects, panels, put, release, shop

NAME = ("shop", "staging")
TABLES = {
    "workloads": WORKLOADS,
    "services": SERVICES,
    "monitors": MONITORS,
    "rules": RULES,
    "dashboards": DASHBOARDS,
    "others": OTHERS,
}
ROWS = {f"{table}: {name}": row for table, rows in TABLES.items() for name, row in rows.items()}
BY_EXPRESSION = {"matchExpressions": [{"key": "app.kubernetes.io/name", "operator": "In", "values": ["shop"]}]}


def nothing(made: Objects) -> None:
    """The edit that changes nothing."""


SAME: dict[str, Edit] = {
    "nothing": nothing,
    "memory": put("Deployment", f"{APP}/resources/limits/memory", "1024Mi"),
    "a container's protocol": put("Deployment", f"{APP}/ports/0/protocol", "TCP"),
    "a target port as a number": put("Service", "spec/ports/0/targetPort", 8080),
    "a Service's protocol": put("Service", "spec/ports/0/protocol", "TCP"),
    "a monitor's selector": put("ServiceMonitor", "spec/selector", BY_EXPRESSION),
    "a policy's port by its name": put("NetworkPolicy", "spec/ingress/0/ports/0/port", "http"),
    "a policy's selector": put("NetworkPolicy", "spec/podSelector", BY_EXPRESSION),
    "spaces in a query": put("PrometheusRule", "spec/groups/0/rules/1/expr", "sum( rate(http_requests_total[5m])\n)"),
    "the order of rules": lambda made: made["PrometheusRule"]["spec"]["groups"][0]["rules"].reverse(),
    "where panels are": panels({**PANELS[1], "id": 7, "gridPos": {"x": 9}}, PANELS[0]),
    "panels in a row": panels({**PANELS[1], "panels": [PANELS[0]]}),
}


def found(*edits: Edit) -> list[Difference]:
    """What the edits of the shop are told as, without the restart that may follow."""
    changes = compare({NAME: shop()}, {NAME: shop(*edits)})
    assert {(change.service, change.environment) for change in changes} <= {NAME}
    return [change.difference for change in changes if change.difference.kind is not Kind.PODS_RESTART]


@pytest.mark.parametrize(("edit", "difference"), ROWS.values(), ids=ROWS)
def test_one_edit_is_one_difference(edit: Edit, difference: Difference) -> None:
    assert found(edit) == [difference]


@pytest.mark.parametrize("edit", SAME.values(), ids=SAME)
def test_another_spelling_is_none(edit: Edit) -> None:
    assert compare({NAME: shop()}, {NAME: shop(edit)}) == []


def test_every_kind_of_change_has_a_row() -> None:
    below = {Kind.SERVICE_ADDED, Kind.SERVICE_REMOVED, Kind.PODS_RESTART}
    assert {difference.kind for _, difference in ROWS.values()} == set(Kind) - below


def test_an_object_of_another_name_is_gone_and_new_and_what_its_policy_grants_stays() -> None:
    assert [(one.kind, one.where) for one in found(put("NetworkPolicy", "metadata/name", "other"))] == [
        (Kind.OBJECT_REMOVED, "NetworkPolicy shop"),
        (Kind.OBJECT_ADDED, "NetworkPolicy other"),
    ]


def test_services_that_come_and_go() -> None:
    assert compare({}, {NAME: shop()}) == [Change(*NAME, Difference(Kind.SERVICE_ADDED, "shop"))]
    assert compare({NAME: shop()}, {}) == [Change(*NAME, Difference(Kind.SERVICE_REMOVED, "shop"))]


def alerts(*rules: tuple[str, str]) -> Edit:
    made: list[Any] = [{"alert": "Slow", "expr": expr, "labels": {"severity": severity}} for severity, expr in rules]
    return put("PrometheusRule", "spec/groups/0/rules", made)


def test_rules_of_one_name_are_matched_by_their_labels() -> None:
    before = shop(alerts(("page", "a > 1"), ("ticket", "a > 2")))
    after = shop(alerts(("ticket", "a > 3"), ("page", "a > 1")))
    assert [change.difference for change in compare({NAME: before}, {NAME: after})] == [
        Difference(Kind.ALERT_CHANGED, "PrometheusRule shop", "alert Slow (ticket): expr", "a > 2", "a > 3")
    ]


def test_an_alert_of_another_severity_is_another_alert() -> None:
    changes = compare({NAME: shop(alerts(("page", "a > 1")))}, {NAME: shop(alerts(("ticket", "a > 1")))})
    assert {(change.difference.kind, change.difference.what) for change in changes} == {
        (Kind.ALERT_LOST, "alert Slow (page)"),
        (Kind.ALERT_ADDED, "alert Slow (ticket)"),
    }


def test_only_the_environment_that_differs_is_told() -> None:
    other = ("shop", "production")
    before = {NAME: shop(), other: shop(environment="production")}
    after = {NAME: shop(), other: shop(put("Deployment", "spec/replicas", 9), environment="production")}
    assert [(change.environment, change.difference.kind) for change in compare(before, after)] == [
        ("production", Kind.REPLICAS_RAISED)
    ]


def test_nothing_is_compared_with_nothing() -> None:
    assert compare({}, {}) == []
    assert compare({NAME: release()}, {NAME: release()}) == []
