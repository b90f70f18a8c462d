"""Production's services, which all are scraped: by the Operator's Prometheus, from the chart's ServiceMonitor."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from chart_harness.clusters.install import Installed
from chart_harness.clusters.namespaces import Namespace
from chart_harness.clusters.probes import pods_of
from chart_harness.clusters.prometheus import Prometheus
from chart_harness.clusters.waits import Waiting, eventually, until_ready

from .scraping import SCRAPED_SECONDS, until_scraped
from .values import SCRAPED_OFTEN, SERVICES, values

pytestmark = [pytest.mark.live, pytest.mark.cluster, pytest.mark.xdist_group("prometheus")]

FAMILIES = {
    "aaa-api": "http_requests_in_progress",
    "archive-tagger": "task_runs_total",
    "event-recorder": "amqp_messages_total",
}
WITHOUT_MONITOR = "unmonitored"


@pytest.fixture(scope="module")
def releases(module_namespace: Namespace) -> Mapping[str, Installed]:
    """Each service as production runs it; and one for which somebody else is to make the monitor, which nobody does."""
    installed = {
        service: module_namespace.install(service, "production", overrides=values(SCRAPED_OFTEN), wait=False)
        for service in SERVICES
    }
    installed[WITHOUT_MONITOR] = module_namespace.install(
        "archive-tagger",
        "production",
        name=WITHOUT_MONITOR,
        overrides=values({"metrics": {"serviceMonitor": {"create": "never"}}}),
        wait=False,
    )
    for release in installed.values():
        until_ready(release)
    return installed


@pytest.mark.parametrize("service", SERVICES)
def test_every_pod_is_a_target_that_is_up(
    releases: Mapping[str, Installed], prometheus: Prometheus, service: str
) -> None:
    release = releases[service]
    targets = until_scraped(prometheus, release)
    assert len(targets) == len(pods_of(release))  # and none is scraped twice


@pytest.mark.parametrize("service", SERVICES)
def test_its_series_are_there_under_its_own_name(
    releases: Mapping[str, Installed], prometheus: Prometheus, service: str
) -> None:
    release = releases[service]

    def there() -> set[str]:
        found = prometheus.series(
            FAMILIES[service], namespace=release.namespace, service=service, environment="production"
        )
        pods = {sample.labels["pod"] for sample in found if "service_instance_id" in sample.labels}
        if pods != {pod.name for pod in pods_of(release)}:
            raise Waiting(f"Prometheus has {found}")
        return pods

    assert eventually(there, f"{FAMILIES[service]} of {service}", deadline=SCRAPED_SECONDS)


def test_a_service_without_a_monitor_is_no_target(releases: Mapping[str, Installed], prometheus: Prometheus) -> None:
    """The control: it is the monitor that makes a pod a target. The others are targets by now, so this one has had its time."""

    for service in SERVICES:
        until_scraped(prometheus, releases[service])
    jobs = {target.labels["job"] for target in prometheus.targets(releases[WITHOUT_MONITOR].namespace)}
    assert jobs == set(SERVICES)
