"""The components' manifests name the images of the table, ask for little, and are ready when they say so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from chart_harness.clusters.components import (
    API_SERVICE,
    COMPONENTS,
    DAEMON_SET,
    MANIFESTS,
    NODE,
    STATEFUL_SET,
    Component,
    Wanted,
    content,
    is_ready,
)
from chart_harness.clusters.objects import DEPLOYMENT
from cluster_images.table import CLUSTER, IMAGES

Object = dict[str, Any]


def documents(component: Component) -> list[Object]:
    return list(yaml.safe_load_all((MANIFESTS / f"{component.name}.yaml").read_text()))


def values(item: Any, key: str) -> Iterator[Any]:
    if isinstance(item, dict):
        for name, value in item.items():
            if name == key:
                yield value
            yield from values(value, key)
    elif isinstance(item, list):
        for value in item:
            yield from values(value, key)


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda component: component.name)
def test_a_manifest_names_exactly_its_images(component: Component) -> None:
    named = {str(image) for image in values(documents(component), "image")}
    # the operator is told what else to run
    text = json.dumps(documents(component))
    named |= {IMAGES[name].reference for name in IMAGES if f"={IMAGES[name].reference}" in text}
    assert named == {IMAGES[name].reference for name in component.images}


def test_every_image_of_a_cluster_is_in_a_component() -> None:
    assert {"node", *(image for component in COMPONENTS for image in component.images)} == set(CLUSTER)


def test_there_is_no_manifest_that_nobody_applies() -> None:
    assert {path.stem for path in MANIFESTS.glob("*.yaml")} == {component.name for component in COMPONENTS}


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda component: component.name)
def test_images_are_pulled_only_where_they_are_missing(component: Component) -> None:
    for document in documents(component):
        for container in [*values(document, "containers"), *values(document, "initContainers")]:
            with_image = [each for each in container if "image" in each]  # the others are the operator's, changed
            assert all(each["imagePullPolicy"] == "IfNotPresent" for each in with_image)


def test_all_components_together_leave_a_small_machine_to_the_services() -> None:
    millicores = sum(
        int(str(requests["cpu"]).removesuffix("m"))
        for component in COMPONENTS
        for requests in values(documents(component), "requests")
    )
    assert 0 < millicores <= 200


def test_every_workload_of_the_components_is_waited_for() -> None:
    workloads = {
        (document["kind"], document["metadata"]["name"], document["metadata"]["namespace"])
        for component in COMPONENTS
        for document in documents(component)
        if document["kind"] in {"Deployment", "DaemonSet"}
    }
    waited_for = {(item.kind.name, item.name, item.namespace) for component in COMPONENTS for item in component.wanted}
    assert workloads <= waited_for | {("Deployment", "cilium-operator", "kube-system")}


def test_the_manifests_hash_changes_with_the_components() -> None:
    assert content(COMPONENTS) == content(COMPONENTS)
    assert content(COMPONENTS) != content(COMPONENTS[1:])


def workload(**status: Any) -> Object:
    metadata = {"name": "a", "namespace": "n", "generation": 2}
    return {"metadata": metadata, "spec": {"replicas": 2}, "status": {"observedGeneration": 2, **status}}


def conditioned(name: str, *conditions: tuple[str, str]) -> Object:
    return {"metadata": {"name": name}, "status": {"conditions": [{"type": t, "status": s} for t, s in conditions]}}


@pytest.mark.parametrize(
    ("wanted", "found", "ready"),
    [
        (Wanted(DEPLOYMENT, "a", "n"), workload(availableReplicas=2), True),
        (Wanted(DEPLOYMENT, "a", "n"), workload(availableReplicas=1), False),
        (Wanted(DEPLOYMENT, "a", "n"), workload(), False),
        (Wanted(DEPLOYMENT, "a", "n"), workload(availableReplicas=2, observedGeneration=1), False),
        (Wanted(DEPLOYMENT, "b", "n"), workload(availableReplicas=2), False),
        (Wanted(DEPLOYMENT, "a", "other"), workload(availableReplicas=2), False),
        (Wanted(STATEFUL_SET, "a", "n"), workload(availableReplicas=2), True),
        (Wanted(STATEFUL_SET, "a", "n"), workload(), False),
        (Wanted(DAEMON_SET, "a", "n"), workload(desiredNumberScheduled=1, numberAvailable=1), True),
        (Wanted(DAEMON_SET, "a", "n"), workload(desiredNumberScheduled=1), False),
        (Wanted(DAEMON_SET, "a", "n"), workload(desiredNumberScheduled=0, numberAvailable=0), False),
        (Wanted(NODE), conditioned("x", ("MemoryPressure", "False"), ("Ready", "True")), True),
        (Wanted(NODE), conditioned("x", ("Ready", "False")), False),
        (Wanted(NODE), conditioned("x"), False),
        (Wanted(API_SERVICE, "v1"), conditioned("v1", ("Available", "True")), True),
        (Wanted(API_SERVICE, "v1"), conditioned("v1", ("Available", "False")), False),
        (Wanted(API_SERVICE, "v2"), conditioned("v1", ("Available", "True")), False),
    ],
)
def test_an_object_is_ready_when_it_says_so_of_its_newest_form(wanted: Wanted, found: Object, ready: bool) -> None:
    assert is_ready(wanted, {wanted.kind: [found]}) is ready
    assert not is_ready(wanted, {wanted.kind: []})
