"""What dies is replaced, and what it had counted stays counted."""

from __future__ import annotations

import pytest

from chart_harness.clusters.namespaces import Namespace
from chart_harness.clusters.pods import Pod
from chart_harness.clusters.probes import environment_of, metrics_of, pods_of, restarts
from chart_harness.clusters.prometheus import Prometheus, selector
from chart_harness.clusters.waits import Waiting, eventually
from chart_harness.fixtures.clusters import CallerFactory
from chart_harness.samples import by_label, total

from .scraping import until_scraped
from .traffic import ask
from .values import CALLER, PORT, SCRAPED_OFTEN, values, variables

pytestmark = [pytest.mark.live, pytest.mark.cluster, pytest.mark.xdist_group("crashes")]

REQUESTS = "http_requests_total"
FIRST, LATER = 40, 20


def test_a_worker_that_is_killed_is_replaced_and_its_requests_stay_counted(
    namespace: Namespace, caller: CallerFactory, prometheus: Prometheus
) -> None:
    release = namespace.install("aaa-api", "production", overrides=values(SCRAPED_OFTEN, {"workload": {"replicas": 1}}))
    (pod,) = pods_of(release)
    until_scraped(prometheus, release)
    labels = selector({"namespace": namespace.name, "handler": "/items/{item_id}"})

    def counted(expected: int) -> None:
        # of the workers that are gone, too: last_over_time looks back
        found = prometheus.query(f"last_over_time({REQUESTS}{labels}[5m])")
        if total(found) != expected:
            raise Waiting(f"it has {by_label(found, 'service_instance_id')}")

    assert ask(caller(namespace.name, service=CALLER), pod.ip, PORT, times=FIRST).by_kind == {"200": FIRST}
    eventually(lambda: counted(FIRST), f"Prometheus to count {FIRST} requests", deadline=15)
    before = workers(pod)
    page = by_label(metrics_of(pod).series(REQUESTS, handler="/items/{item_id}"), "service_instance_id")
    victim = max(before, key=lambda pid: page.get(instance(pod, pid), 0.0))
    assert page[instance(pod, victim)] > 0

    pod.run("sh", "-c", f"kill -KILL {victim}")

    def replaced() -> set[int]:
        now = workers(pod)
        if len(now) != 2 or victim in now:
            raise Waiting(f"the workers are {sorted(now)}")
        shown = set(by_label(metrics_of(pod).series("http_requests_in_progress"), "service_instance_id"))
        if shown != {instance(pod, pid) for pid in now}:
            raise Waiting(f"the page shows {sorted(shown)}")
        return now

    after = eventually(replaced, "a new worker on the page", deadline=20)
    assert len(after - before) == 1
    assert ask(caller(namespace.name, service=CALLER), pod.ip, PORT, times=LATER).by_kind == {"200": LATER}
    eventually(lambda: counted(FIRST + LATER), f"Prometheus to count {FIRST + LATER} requests", deadline=15)
    # the control: the pages alone have lost what the dead worker had counted, and nothing else
    on_page = total(metrics_of(pod).series(REQUESTS, handler="/items/{item_id}"))
    assert on_page == FIRST + LATER - page[instance(pod, victim)]
    assert restarts(release) == 0


@pytest.mark.parametrize("service", ["aaa-api", "archive-tagger"])
def test_a_pod_that_crashes_is_started_again_and_counted(namespace: Namespace, service: str) -> None:
    release = namespace.install(service, "staging", overrides=values(variables(REFERENCE_MISBEHAVE="crash")))
    found = pods_of(release)
    assert restarts(release) == len(found)
    assert all(pod.statuses[0]["lastState"]["terminated"]["exitCode"] == 1 for pod in found)


def workers(pod: Pod) -> set[int]:
    return {process.pid for process in environment_of(pod) if process.parent == 1}


def instance(pod: Pod, pid: int) -> str:
    return f"{pod.name}-pid-{pid}"
