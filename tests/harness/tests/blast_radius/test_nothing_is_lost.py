"""Whatever differs between two renders is told: every leaf of every object, changed or taken out, and every object."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from chart_harness.blast_radius.change import Kind
from chart_harness.blast_radius.compare import compare
from tests.harness.tests.blast_radius.leaves import Steps, another, leaves
from tests.harness.tests.blast_radius.shop import Objects, objects, release, shop

NAME = ("shop", "staging")
# What is always there in what an API server takes.
REQUIRED = {"kind", "apiVersion", "name", "port", "containerPort", "alert", "record"}
# What Kubernetes completes by itself when it is not there.
COMPLETED = {("NetworkPolicy", "spec", way, 0, "ports", 0, "protocol") for way in ("ingress", "egress")} | {
    ("NetworkPolicy", "spec", "policyTypes", 1)
}


LEAVES = list(leaves(objects()))


def changed(steps: Steps, *, remove: bool = False) -> Objects:
    made: Any = copy.deepcopy(objects())
    place = made
    for step in steps[:-1]:
        place = place[step]
    if remove:
        del place[steps[-1]]
    else:
        place[steps[-1]] = another(place[steps[-1]])
    return made  # type: ignore[no-any-return]  # as objects() has them


@pytest.mark.parametrize("steps", LEAVES, ids=lambda steps: "/".join(map(str, steps)))
def test_a_leaf_that_changed_is_told(steps: Steps) -> None:
    told = compare({NAME: shop()}, {NAME: release(*changed(steps).values())})
    assert [one for one in told if one.difference.kind is not Kind.PODS_RESTART]


OPTIONAL = [leaf for leaf in LEAVES if leaf[-1] not in REQUIRED and leaf not in COMPLETED]


@pytest.mark.parametrize("steps", OPTIONAL, ids=lambda steps: "/".join(map(str, steps)))
def test_a_leaf_that_went_is_told(steps: Steps) -> None:
    assert compare({NAME: shop()}, {NAME: release(*changed(steps, remove=True).values())})


@pytest.mark.parametrize("kind", objects())
def test_an_object_that_went_is_told(kind: str) -> None:
    rest = {name: item for name, item in objects().items() if name != kind}
    assert any(
        one.difference.where.startswith(kind) for one in compare({NAME: shop()}, {NAME: release(*rest.values())})
    )
