"""The digest names what was judged: whatever the order of the templates, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chart_harness.fleet import service_release
from chart_harness.render import Release
from promotion_gate.manifests import difference, manifests_digest, renamed


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
