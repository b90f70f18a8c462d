"""The three services as staging runs them: scheduled, within their memory, with the chart's environment, a series per worker."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from chart_harness.clusters.cluster import ClusterError
from chart_harness.clusters.install import Installed
from chart_harness.clusters.namespaces import Namespace
from chart_harness.clusters.pods import Pod
from chart_harness.clusters.probes import environment_of, memory_of, metrics_of, pods_of, restarts
from chart_harness.clusters.waits import Waiting, eventually, until_ready
from chart_harness.samples import Sample, by_label
from cluster_images.engine import connect
from cluster_images.provide import provided

from .scraping import SCRAPED_SECONDS
from .values import PUSHED_OFTEN, SCRAPED_OFTEN, SERVICES, values, variables

pytestmark = [pytest.mark.live, pytest.mark.cluster, pytest.mark.xdist_group("running_services")]

Releases = Mapping[str, Installed]
UNITS = {
    "aaa-api": "http_requests_in_progress",
    "archive-tagger": "task_runs_total",
    "event-recorder": "amqp_messages_total",
}
"""A series that each worker of the service has, whether or not somebody asks it for something."""
MEBIBYTE = 1024 * 1024


@pytest.fixture(scope="module")
def releases(module_namespace: Namespace) -> Releases:
    """Each service as staging runs it, installed at once and ready."""
    overrides = values(SCRAPED_OFTEN, PUSHED_OFTEN)
    installed = {
        service: module_namespace.install(service, "staging", overrides=overrides, wait=False) for service in SERVICES
    }
    for release in installed.values():
        until_ready(release)
    return installed


@pytest.mark.parametrize("service", SERVICES)
def test_all_pods_run_and_none_was_restarted(releases: Releases, service: str) -> None:
    release = releases[service]
    found = pods_of(release)
    assert len(found) == deployment(release)["spec"]["replicas"]
    assert {pod.object["status"]["phase"] for pod in found} == {"Running"}
    assert all(status["ready"] for pod in found for status in pod.statuses)
    assert restarts(release) == 0


@pytest.mark.parametrize("service", SERVICES)
def test_the_image_is_the_one_that_was_built(releases: Releases, service: str) -> None:
    """The very content: a tag may be another image's by now."""
    image = connect().images.get(provided("reference-service")["reference-service"])
    digests = {image.id, *(reference.partition("@")[2] for reference in image.attrs["RepoDigests"])}
    statuses = [status for pod in pods_of(releases[service]) for status in pod.statuses]
    assert statuses
    assert {status["imageID"].rpartition("@")[2] for status in statuses} <= digests


@pytest.mark.parametrize("service", SERVICES)
def test_every_process_has_the_environment_that_the_chart_renders(releases: Releases, service: str) -> None:
    release = releases[service]
    for pod in pods_of(release):
        assert environment_differences(release, pod) == []


@pytest.mark.parametrize("service", SERVICES)
def test_memory_is_under_the_limit(releases: Releases, service: str) -> None:
    for pod in pods_of(releases[service]):
        assert 10 * MEBIBYTE < memory_of(pod) < pod.memory_limit


@pytest.mark.parametrize("service", SERVICES)
def test_every_worker_is_a_series_in_prometheus(
    releases: Releases, series: Callable[..., list[Sample]], service: str
) -> None:
    """The API is scraped; consumer and runner push through the collector. Their series are named alike."""
    release = releases[service]
    workers = {f"{pod.name}-pid-{pid}" for pod in pods_of(release) for pid in worker_ids(pod)}

    def series_of_all() -> dict[str, float]:
        found = series(
            UNITS[service], service=service, k8s_namespace_name=release.namespace
        )  # as a pushing process says it
        found += series(
            UNITS[service], service=service, namespace=release.namespace
        )  # as Prometheus says it of a target
        ids = by_label(found, "service_instance_id")
        if set(ids) != workers:
            raise Waiting(f"the series are of {sorted(ids)}, the workers are {sorted(workers)}")
        return ids

    assert len(eventually(series_of_all, f"a series of each worker of {service}", deadline=SCRAPED_SECONDS)) == len(
        workers
    )
    assert len(workers) == {"aaa-api": 4}.get(service, 1)


def test_the_page_of_a_pod_shows_all_its_workers(releases: Releases) -> None:
    """And a pod that pushes has none: the probe says so instead of reading nothing."""
    for pod in pods_of(releases["aaa-api"]):
        shown = by_label(metrics_of(pod).series("http_requests_in_progress"), "service_instance_id")
        assert set(shown) == {f"{pod.name}-pid-{pid}" for pid in worker_ids(pod)}
    (runner,) = pods_of(releases["archive-tagger"])
    with pytest.raises(ClusterError, match="has no port named metrics or http"):
        metrics_of(runner)


def test_the_look_at_environments_sees_a_variable_that_is_not_there(namespace: Namespace) -> None:
    """The control: a service that starts itself again without a variable."""
    release = namespace.install(
        "archive-tagger", "staging", overrides=values(variables(REFERENCE_MISBEHAVE="unset-backend"))
    )
    (pod,) = pods_of(release)
    assert [line for line in environment_differences(release, pod) if "PROMETHEUS_BACKEND" in line]


def deployment(release: Installed) -> Mapping[str, Any]:
    (found,) = (item for item in release.objects if item["kind"] == "Deployment")
    return found


def worker_ids(pod: Pod) -> list[int]:
    """The processes that do the work: gunicorn's children, else process 1."""
    found = environment_of(pod)
    return [process.pid for process in found if process.parent == 1] or [1]


def environment_differences(release: Installed, pod: Pod) -> list[str]:
    """What a process has otherwise than the chart says, a line each."""
    (container,) = deployment(release)["spec"]["template"]["spec"]["containers"]
    facts = {
        "metadata.name": pod.name,
        "metadata.namespace": pod.namespace,
        "metadata.uid": pod.object["metadata"]["uid"],
        "spec.nodeName": pod.object["spec"]["nodeName"],
    }
    expected: dict[str, str] = {}
    for entry in container["env"]:
        text = facts[entry["valueFrom"]["fieldRef"]["fieldPath"]] if "valueFrom" in entry else entry["value"]
        expected[entry["name"]] = re.sub(r"\$\((\w+)\)", lambda match: expected.get(match[1], match[0]), text)
    assert expected
    processes = environment_of(pod)
    assert processes
    return [
        f"{name} is {process.environment.get(name)!r} and not {value!r} in process {process.pid} {process.command}"
        for process in processes
        for name, value in expected.items()
        if process.environment.get(name) != value
    ]
