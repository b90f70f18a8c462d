"""Every worker process of a container is a series of its own, and none is left behind when it dies."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from promotion_gate.evidence import INSTANCE_LABEL
from promotion_gate.exposition import parse_page
from tests.containers.conftest import SERVICES

if TYPE_CHECKING:
    from chart_harness.containers.service import ServiceContainer
    from tests.containers.conftest import StartService

pytestmark = pytest.mark.live


def instances(container: ServiceContainer) -> set[str]:
    """The workers that a scrape shows."""
    families = parse_page(container.get("/metrics").text)
    return {sample.labels[INSTANCE_LABEL] for family in families for sample in family.samples}


def workers(container: ServiceContainer) -> set[int]:
    """Process ids of gunicorn's workers."""
    return {process.pid for process in container.processes() if process.parent == 1 and process.state != "Z"}


@pytest.mark.parametrize("count", [1, 2, 3])
def test_there_is_a_series_for_each_worker(start: StartService, until: Callable[..., Any], count: int) -> None:
    container = start("aaa-api", env={"WEB_CONCURRENCY": str(count)}).container
    until(lambda: len(instances(container)) >= count, f"{count} workers are on the page")
    assert instances(container) == {f"aaa-api-0-pid-{pid}" for pid in workers(container)}
    assert len(workers(container)) == count


def test_the_sum_over_the_workers_is_what_was_sent(start: StartService, until: Callable[..., Any]) -> None:
    container = start("aaa-api", env={"PROMETHEUS_BACKEND": "otel"}).container
    until(lambda: len(instances(container)) == 2, "two workers are on the page")
    for number in range(40):
        assert container.get(f"/items/{number}").status_code == 200
    page = parse_page(container.get("/metrics").text)
    samples = [sample for family in page for sample in family.samples if sample.name == "http_requests_total"]
    assert sum(sample.value for sample in samples) == 40
    assert len(samples) == len({sample.labels[INSTANCE_LABEL] for sample in samples}) <= 2


def test_a_worker_that_dies_is_replaced_and_its_series_end(start: StartService, until: Callable[..., Any]) -> None:
    container = start("aaa-api").container
    before = until(lambda: len(found := workers(container)) == 2 and found, "two workers run")
    victim = min(before)
    assert container.run("python", "-c", f"import os; os.kill({victim}, 9)") == (0, "")
    until(lambda: len(now := workers(container)) == 2 and victim not in now, "another worker is there")
    until(
        lambda: instances(container) == {f"aaa-api-0-pid-{pid}" for pid in workers(container)},
        "the page shows who lives",
    )
    assert container.state().restart_count == 0


@pytest.mark.parametrize("service", SERVICES)
def test_process_1_leaves_no_zombies(start: StartService, service: str) -> None:
    container = start(service).container
    for _ in range(3):
        if service != "aaa-api":
            assert container.run("reference-service", "healthy")[0] == 0
    assert [process for process in container.processes() if process.state == "Z"] == []


def test_the_look_sees_a_zombie(start: StartService, until: Callable[..., Any]) -> None:
    """The control: an orphan that process 1 does not wait for, as no role ever makes one."""
    container = start("archive-tagger").container
    assert container.run("sh", "-c", "true & exec true")[0] == 0
    until(lambda: any(process.state == "Z" for process in container.processes()), "the orphan is seen")
