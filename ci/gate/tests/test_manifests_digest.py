"""The digest names what was judged: whatever the order of the templates, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chart_harness.fleet import service_release, values_files
from chart_harness.render import Release, render
from promotion_gate.manifests import difference, manifests_digest, renamed, without_dashboard_ids


@pytest.fixture(scope="module")
def release(root: Path) -> Release:
    return service_release(root, "aaa-api", "staging")


def test_the_order_of_objects_does_not_matter(release: Release) -> None:
    assert len(release.objects) > 1
    assert manifests_digest(release.objects[::-1]) == manifests_digest(release.objects)


def test_the_order_of_keys_does_not_matter(release: Release) -> None:
    first, *others = release.objects
    reordered = dict(reversed(list(first.items())))
    assert list(reordered) != list(first)
    assert manifests_digest([reordered, *others]) == manifests_digest(release.objects)


def test_any_value_matters(release: Release, root: Path) -> None:
    others = [
        service_release(root, "aaa-api", "production").objects,
        service_release(root, "archive-tagger", "staging").objects,
        service_release(root, "aaa-api", "staging", overrides={"workload": {"replicas": 1}}).objects,
        release.objects[1:],
        (*release.objects, release.objects[0]),
    ]
    assert len({manifests_digest(one) for one in (release.objects, *others)}) == 1 + len(others)


def test_a_value_that_json_does_not_know_is_an_error() -> None:
    with pytest.raises(TypeError, match="set in a rendered object"):
        manifests_digest([{"kind": "X", "spec": {1, 2}}])


def item(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": name}, "spec": spec}


A, B = item("A", "a", size=1), item("B", "b")


@pytest.mark.parametrize(
    ("judged", "other", "says"),
    [
        ([A, B], [B, A], ""),
        ([A, B], [A], "B b is missing"),
        ([A], [A, B], "B b is there too"),
        ([A, B], [item("A", "a", size=2), B], "A a differs"),
        ([A, B], [item("A", "a"), item("C", "c")], "A a differs; B b is missing; C c is there too"),
    ],
)
def test_what_differs_is_named(judged: list[dict[str, Any]], other: list[dict[str, Any]], says: str) -> None:
    assert difference(judged, other) == says


def test_a_namespaces_name_is_put_back_wherever_it_stands() -> None:
    here = item("A", "a", urls=["http://x.gate-1.svc", "http://gate-2"], labels={"of-gate-1": "gate-1"})
    (back,) = renamed([here], "gate-1", "staging")
    assert back["spec"] == {"urls": ["http://x.staging.svc", "http://gate-2"], "labels": {"of-staging": "staging"}}


@pytest.mark.parametrize("service", ["aaa-api", "event-recorder", "archive-tagger"])
def test_a_release_is_the_same_in_the_gates_namespace(service: str, root: Path) -> None:
    """With all that the chart makes of the namespace's name: rules, and a dashboard whose id is a hash of it."""
    judged = service_release(root, service, "staging")
    chart, files = values_files(root, service, "staging")
    there = render(chart, name=service, namespace="gate-1", values=files)
    same = renamed(there.objects, "gate-1", "staging")
    assert difference(without_dashboard_ids(judged.objects), without_dashboard_ids(same)) == ""
    assert {"ConfigMap", "PrometheusRule"} <= {str(item["kind"]) for item in same}
    # the control: with the ids the dashboard differs, and nothing else does
    assert difference(judged.objects, same) == f"ConfigMap {service}-dashboard differs"


DASHBOARD = '{"uid": "%s", "title": "%s", "panels": []}'


@pytest.mark.parametrize(
    ("kind", "judged", "other", "equal"),
    [
        ("ConfigMap", DASHBOARD % ("1", "a"), DASHBOARD % ("2", "a"), True),
        ("ConfigMap", DASHBOARD % ("1", "a"), DASHBOARD % ("1", "b"), False),
        ("ConfigMap", '{"uid": "1"}', '{"uid": "2"}', False),
        ("ConfigMap", "uid: 1", "uid: 2", False),
        ("Secret", DASHBOARD % ("1", "a"), DASHBOARD % ("2", "a"), False),
    ],
)
def test_only_a_dashboard_may_have_another_id(kind: str, judged: str, other: str, equal: bool) -> None:
    sides = [[{"kind": kind, "metadata": {"name": "a"}, "data": {"a.json": text}}] for text in (judged, other)]
    one, two = (manifests_digest(without_dashboard_ids(side)) for side in sides)
    assert (one == two) is equal


def test_a_config_map_may_be_empty() -> None:
    empty = {"kind": "ConfigMap", "metadata": {"name": "a"}, "data": None}
    assert without_dashboard_ids([empty]) == ({**empty, "data": {}},)
