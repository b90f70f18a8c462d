"""An upgrade of the library charts from their last release, under requests that never stop."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from chart_harness.clusters.namespaces import Namespace
from chart_harness.clusters.objects import POD
from chart_harness.clusters.probes import pods_of, restarts
from chart_harness.clusters.waits import Waiting, wait_for
from chart_harness.clusters.watching import Snapshot
from chart_harness.fixtures.clusters import CallerFactory
from chart_harness.layers import over
from tests.charts.released import charts as released

from .traffic import keep_asking
from .values import PORT, values

pytestmark = [pytest.mark.live, pytest.mark.cluster, pytest.mark.xdist_group("upgrade")]

SERVICE = "aaa-api"
NEW_VALUES: Mapping[str, Any] = {
    "metrics": {
        "budget": {"series": 2000},
        "slo": {"availability": 99.9},
        "serviceMonitor": {"limits": {"bodySizeLimit": "16MB"}},
        "otlp": {"resourceAttributes": {"team": "a"}},
    }
}
"""What only the present libraries know. The budget reaches the process, so its pods are replaced."""


def test_no_request_fails_from_the_last_release_to_the_present_libraries(
    namespace: Namespace, caller: CallerFactory, tmp_path: Path
) -> None:
    version = released.newest()
    given = over(released.values_of(SERVICE, "production", version), values())
    old_chart = released.with_released_libraries(SERVICE, version, tmp_path / "released")
    new_chart = released.with_present_libraries(SERVICE, version, tmp_path / "present")
    host = f"{SERVICE}.{namespace.name}"
    client = caller("ingress")  # whom the values of that release name as the service's caller

    before = namespace.install(old_chart, overrides=given)
    pods = {pod.name for pod in pods_of(before)}
    kinds = {item["kind"] for item in before.objects}
    assert "PrometheusRule" not in kinds
    with keep_asking(client, host, PORT) as requests:
        requests.line()
        after = namespace.install(new_chart, overrides=given)
        assert {pod.name for pod in pods_of(after)} == pods, "the libraries alone restart nothing"
        assert {item["kind"] for item in after.objects} > kinds

        with_news = namespace.install(new_chart, overrides=over(given, NEW_VALUES))
        until_gone(namespace, pods)
        answers = requests.answers()
    assert answers.failed == {}
    assert answers.good > 50
    assert (with_news.revision, restarts(with_news)) == (before.revision + 2, 0)
    replaced = {pod.name for pod in pods_of(with_news)}

    # and back, as `helm rollback` does where an upgrade disappoints
    with keep_asking(client, host, PORT) as requests:
        requests.line()
        namespace.install(old_chart, overrides=given)
        until_gone(namespace, replaced)
        answers = requests.answers()
    assert answers.failed == {}
    assert namespace.kubectl("get", "prometheusrules", "--output=name") == ""

    # the control: a chart whose Service is named otherwise leaves the callers without one
    with keep_asking(client, host, PORT) as requests:
        requests.line()
        namespace.install(renamed(new_chart), name=SERVICE, overrides=given)
        answers = requests.answers()
    assert answers.failed


def renamed(chart: Path) -> Path:
    """The chart under another name, which is in the names of its objects and in its selectors."""
    metadata = chart / "Chart.yaml"
    content = yaml.safe_load(metadata.read_text())
    metadata.write_text(yaml.safe_dump({**content, "name": "renamed"}))
    return chart


def until_gone(namespace: Namespace, names: set[str]) -> None:
    """Waits until none of these pods is left: one that is being deleted still has requests to answer."""

    def gone(state: Snapshot) -> None:
        if left := names & {str(pod["metadata"]["name"]) for pod in state[POD]}:
            raise Waiting(f"{sorted(left)} are still there")

    wait_for(gone, "the old pods to go", cluster=namespace.cluster, namespace=namespace.name, deadline=60)
