"""Pods restart when their template differs, and only then; the report says what for."""

from __future__ import annotations

import pytest

from chart_harness.blast_radius.change import Kind
from chart_harness.blast_radius.compare import compare
from tests.harness.tests.blast_radius.shop import Edit, container, shop

SHOP = ("shop", "staging")


RESTARTS: dict[str, Edit] = {
    "env": lambda made: container(made)["env"].pop(),
    "image": lambda made: container(made).update(image="shop:2"),
    "resources": lambda made: container(made)["resources"]["limits"].update(memory="2Gi"),
    "labels": lambda made: made["Deployment"]["spec"]["template"]["metadata"]["labels"].update(x="y"),
    "annotations": lambda made: made["Deployment"]["spec"]["template"]["metadata"].pop("annotations"),
    "volumes": lambda made: made["Deployment"]["spec"]["template"]["spec"]["volumes"].append(
        {"name": "x", "emptyDir": {}}
    ),
    "containers": lambda made: made["Deployment"]["spec"]["template"]["spec"]["containers"].append({"name": "x"}),
    "env, image": lambda made: container(made).update(image="shop:2", env=[]),
    "ports": lambda made: container(made)["ports"][0].update(containerPort=9),
    "securityContext": lambda made: container(made)["securityContext"].clear(),
}
STAY: dict[str, Edit] = {
    "replicas": lambda made: made["Deployment"]["spec"].update(replicas=7),
    "labels of the Deployment": lambda made: made["Deployment"]["metadata"]["labels"].clear(),
    "the same memory": lambda made: container(made)["resources"]["limits"].update(memory="1024Mi"),
    "the same protocol": lambda made: container(made)["ports"][0].update(protocol="TCP"),
    "another object": lambda made: made["Service"]["spec"].update(type="LoadBalancer"),
}


def reasons(edit: Edit) -> list[str]:
    changes = compare({SHOP: shop()}, {SHOP: shop(edit)})
    return [change.difference.what for change in changes if change.difference.kind is Kind.PODS_RESTART]


@pytest.mark.parametrize(("said", "edit"), RESTARTS.items())
def test_restarts(said: str, edit: Edit) -> None:
    assert reasons(edit) == [f"because of {said}"]


@pytest.mark.parametrize("edit", STAY.values(), ids=STAY)
def test_stays(edit: Edit) -> None:
    assert reasons(edit) == []
