"""The digest names what was judged: whatever the order of the templates, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from chart_harness.fleet import service_release
from chart_harness.render import Release
from promotion_gate.verification import manifests_digest


@pytest.fixture(scope="module")
def release(root: Path) -> Release:
    return service_release(root, "aaa-api", "staging")


def test_the_order_of_objects_does_not_matter(release: Release) -> None:
    assert len(release.objects) > 1
    assert manifests_digest(release.objects[::-1]) == manifests_digest(release.objects)


def test_the_order_of_keys_does_not_matter(release: Release) -> None:
    first, *others = release.objects
    reordered = replace(release, objects=(dict(reversed(list(first.items()))), *others))
    assert list(reordered.objects[0]) != list(first)
    assert manifests_digest(reordered) == manifests_digest(release)


def test_any_value_matters(release: Release, root: Path) -> None:
    others = [
        service_release(root, "aaa-api", "production"),
        service_release(root, "archive-tagger", "staging"),
        service_release(root, "aaa-api", "staging", overrides={"workload": {"replicas": 1}}),
        replace(release, objects=release.objects[1:]),
        replace(release, objects=(*release.objects, release.objects[0])),
    ]
    assert len({manifests_digest(one) for one in (release, *others)}) == 1 + len(others)


def test_a_value_that_json_does_not_know_is_an_error(release: Release) -> None:
    with pytest.raises(TypeError, match="set in a rendered object"):
        manifests_digest(replace(release, objects=({"kind": "X", "spec": {1, 2}},)))
