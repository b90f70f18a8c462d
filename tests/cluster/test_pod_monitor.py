"""A runner that is scraped without a Service: by the Operator's Prometheus, from the chart's PodMonitor and its relabelings."""

from __future__ import annotations

import pytest

from chart_harness.clusters.install import Installed
from chart_harness.clusters.namespaces import Namespace
from chart_harness.clusters.prometheus import Prometheus
from chart_harness.clusters.waits import Waiting, eventually, until_ready

from .scraping import SCRAPED_SECONDS, until_scraped
from .values import SCRAPED_OFTEN, values

pytestmark = [pytest.mark.live, pytest.mark.cluster, pytest.mark.xdist_group("prometheus")]

POD_MONITOR = {
    "metrics": {
        "podMonitor": {"enabled": True},
        "serviceMonitor": {
            "relabelings": {"zone": {"targetLabel": "zone", "replacement": "b"}},
            "metricRelabelings": {"gc": {"action": "drop", "sourceLabels": ["__name__"], "regex": "python_gc_.+"}},
        },
    }
}
KEPT, DROPPED = "process_cpu_seconds_total", "python_gc_collections_total"


@pytest.fixture(scope="module")
def by_pod(module_namespace: Namespace) -> Installed:
    """The runner as production has it, but with a PodMonitor."""
    layers = values(SCRAPED_OFTEN, POD_MONITOR)
    release = module_namespace.install("archive-tagger", "production", overrides=layers, wait=False)
    until_ready(release)
    return release


@pytest.fixture(scope="module")
def by_service(module_namespace: Namespace) -> Installed:
    """The same with the ServiceMonitor that production has. Its name holds the chart's, so it is the Service's name and the job."""
    layers = values(SCRAPED_OFTEN)
    release = module_namespace.install(
        "archive-tagger", "production", name="archive-tagger-by-service", overrides=layers, wait=False
    )
    until_ready(release)
    return release


def names(prometheus: Prometheus, release: Installed, *metrics: str) -> set[str]:
    """Which of these metrics Prometheus has of the release; the first must be among them before long."""

    def known() -> set[str]:
        wanted = {"namespace": release.namespace, "job": release.name, "service": "archive-tagger"}
        found = {name for name in metrics if prometheus.series(name, **wanted)}
        if metrics[0] not in found:
            raise Waiting(f"it has {found or 'none'}")
        return found

    return eventually(known, f"Prometheus to have {metrics[0]} of {release.name}", deadline=SCRAPED_SECONDS)


def test_it_is_scraped_once_and_under_the_job_of_its_release(by_pod: Installed, prometheus: Prometheus) -> None:
    (target,) = until_scraped(prometheus, by_pod)
    assert target.labels["zone"] == "b"
    assert "service" not in target.labels  # no Service; the page says which service it is
    assert names(prometheus, by_pod, KEPT) == {KEPT}


def test_a_rule_drops_samples(by_pod: Installed, by_service: Installed, prometheus: Prometheus) -> None:
    until_scraped(prometheus, by_service)
    assert names(prometheus, by_service, KEPT, DROPPED) == {KEPT, DROPPED}  # the control: without the rule it is there
    until_scraped(prometheus, by_pod)
    assert names(prometheus, by_pod, KEPT, DROPPED) == {KEPT}
