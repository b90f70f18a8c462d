"""512 requests in flight, 128 on each of the two workers of two pods, read as a sum of four series."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from chart_harness.clusters.namespaces import Namespace
from chart_harness.clusters.pods import Pod
from chart_harness.clusters.probes import environment_of, metrics_of, pods_of
from chart_harness.clusters.prometheus import Prometheus
from chart_harness.clusters.waits import Waiting, eventually
from chart_harness.fixtures.clusters import CallerFactory
from chart_harness.samples import Sample, by_label, total

from .scraping import until_scraped
from .traffic import Traffic, hold
from .values import CALLER, PORT, SCRAPED_OFTEN, values

pytestmark = [pytest.mark.live, pytest.mark.cluster, pytest.mark.xdist_group("requests_in_flight")]

EACH = 128
HELD_SECONDS = 25
IN_PROGRESS = "http_requests_in_progress"


def test_they_read_as_a_sum_of_four(namespace: Namespace, caller: CallerFactory, prometheus: Prometheus) -> None:
    release = namespace.install("aaa-api", "production", overrides=values(SCRAPED_OFTEN))
    until_scraped(prometheus, release)
    client = caller(namespace.name, service=CALLER)

    def read(expected: dict[str, float]) -> list[Sample]:
        found = prometheus.series(IN_PROGRESS, namespace=namespace.name)
        if by_label(found, "service_instance_id") != expected:
            raise Waiting(f"it reads {by_label(found, 'service_instance_id')}")
        return found

    pods = pods_of(release)
    with ExitStack() as requests, ThreadPoolExecutor(len(pods)) as threads:
        held = [traffic for some in threads.map(lambda pod: fill(pod, client, requests), pods) for traffic in some]
        pages = [by_label(metrics_of(pod).series(IN_PROGRESS), "service_instance_id") for pod in pods]
        series = eventually(lambda: read(pages[0] | pages[1]), "Prometheus to read what the pages say", deadline=15)
        assert [sorted(page.values()) for page in pages] == [[EACH, EACH], [EACH, EACH]]
        assert len(series) == 4
        assert total(series) == 512

        # the control: the same series, once everything is answered
        assert [(traffic.answers().good, EACH) for traffic in held] == [(EACH, EACH)] * 4
    eventually(lambda: read(dict.fromkeys(pages[0] | pages[1], 0.0)), "Prometheus to read 0", deadline=15)


def fill(pod: Pod, client: Pod, requests: ExitStack) -> list[Traffic]:
    """Puts EACH requests on each worker of a pod.

    Which worker takes a connection is the kernel's choice, and it is not fair: so only one is awake while its requests come.
    """
    workers = [process.pid for process in environment_of(pod) if process.parent == 1]
    assert len(workers) == 2
    signal(pod, "STOP", workers[1])
    first = fill_awake(pod, client, workers[0], requests)
    signal(pod, "STOP", workers[0])
    signal(pod, "CONT", workers[1])
    second = fill_awake(pod, client, workers[1], requests)
    signal(pod, "CONT", workers[0])
    return [first, second]


def fill_awake(pod: Pod, client: Pod, worker: int, requests: ExitStack) -> Traffic:
    traffic = requests.enter_context(hold(client, pod.ip, PORT, requests=EACH, seconds=HELD_SECONDS))
    traffic.line()

    def all_there() -> None:
        shown = by_label(metrics_of(pod).series(IN_PROGRESS), "service_instance_id")
        if (count := shown.get(f"{pod.name}-pid-{worker}", 0)) != EACH:
            raise Waiting(f"it has {count:.0f}")

    eventually(all_there, f"{EACH} requests on worker {worker} of {pod.name}", deadline=10)
    return traffic


def signal(pod: Pod, name: str, pid: int) -> None:
    pod.run("sh", "-c", f"kill -{name} {pid}")
