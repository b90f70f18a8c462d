"""What a render is refused for, the API server refuses; what passes, it takes. Asked by dry run, so nothing is created."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from kubernetes.client import ApiException
from kubernetes.dynamic import DynamicClient

from chart_harness.clusters.cluster import Cluster
from chart_harness.fixtures.rendering import ReleaseFactory
from tests.harness.tests.test_schemas_mutations import ALLOWED, MUTATIONS, changed

pytestmark = [pytest.mark.live, pytest.mark.cluster]

Answer = Callable[[dict[str, Any]], str]


@pytest.fixture(scope="module")
def rendered(release: ReleaseFactory) -> Mapping[str, Mapping[str, Any]]:
    return {item["kind"]: item for item in release("aaa-api", "production").objects}


@pytest.fixture(scope="module")
def answer(cluster: Cluster) -> Answer:
    """Why the server would refuse an object that is applied as Helm 4 applies it; empty if it would take it."""
    client = DynamicClient(cluster.client())  # type: ignore[no-untyped-call]

    def ask(item: dict[str, Any]) -> str:
        del item["metadata"]["namespace"]
        kind = client.resources.get(api_version=item["apiVersion"], kind=item["kind"])
        try:
            client.request(
                "patch",
                kind.path(name=item["metadata"]["name"], namespace="default"),
                body=item,
                content_type="application/apply-patch+yaml",
                query_params=[
                    ("dryRun", "All"), ("fieldManager", "chart-harness"), ("fieldValidation", "Strict"), ("force", "true"),
                ],
            )  # fmt: skip
        except ApiException as error:
            return str(error.body)
        return ""

    return ask


def test_what_a_render_is_refused_for_the_server_refuses(
    rendered: Mapping[str, Mapping[str, Any]], answer: Answer
) -> None:
    taken = [
        (kind, path, value) for kind, path, value, _ in MUTATIONS if not answer(changed(rendered[kind], path, value))
    ]
    assert taken == []


def test_what_passes_the_server_takes(rendered: Mapping[str, Mapping[str, Any]], answer: Answer) -> None:
    cases = [*((kind, ("kind",), kind) for kind in rendered), *ALLOWED]
    refused = {
        (kind, path, str(value)): said
        for kind, path, value in cases
        if (said := answer(changed(rendered[kind], path, value)))
    }
    assert refused == {}
