"""METRICS_SERIES_BUDGET in a real service: the fault `bad-label` makes a series for every user, and the page stays small."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from tests.reference_service.tests.conftest import Service, StartService, WaitUntil

pytestmark = pytest.mark.live

BUDGET = 80
USERS = 150
TOLD = f"The {BUDGET} series of METRICS_SERIES_BUDGET are used up"


def start(start_service: StartService, wait_until: WaitUntil, backend: str, **environment: str) -> Service:
    """Two workers that count each request of USERS users."""
    service = start_service(
        "http-api", WEB_CONCURRENCY="2", PROMETHEUS_BACKEND=backend, REFERENCE_MISBEHAVE="bad-label", **environment
    )
    wait_until(lambda: len(service.logged(message="Application startup complete.")) == 2, "both workers are up")
    with ThreadPoolExecutor(8) as pool:
        # the service calls its users by the length of the item's id
        answers = list(
            pool.map(lambda user: service.get(f"/items/{'x' * (user + 1)}", seconds=20).status_code, range(USERS))
        )
    assert answers == [200] * USERS
    return service


def series_by_worker(service: Service) -> dict[str, int]:
    """How many series each worker has on the page."""
    found: dict[str, int] = {}
    for family in text_string_to_metric_families(service.get("/metrics").text):
        for sample in family.samples:
            worker = sample.labels["service_instance_id"]
            found[worker] = found.get(worker, 0) + 1
    return found


@pytest.mark.parametrize("backend", ["prometheus", "otel", "shadow"])
def test_the_page_of_each_worker_stays_within_and_nothing_is_lost(
    start_service: StartService, wait_until: WaitUntil, backend: str
) -> None:
    service = start(start_service, wait_until, backend, METRICS_SERIES_BUDGET=str(BUDGET))
    found = series_by_worker(service)
    assert len(found) == 2
    assert max(found.values()) <= BUDGET
    assert service.total("items_served_total") == service.total("http_requests_total") == USERS
    together = service.total("items_served_total", user_id="_overflow", kind="_overflow")
    assert together == service.total("service_metrics_dropped_series_total", family="items_served") > 0
    told = [line for line in service.log_lines() if str(line["message"]).startswith(TOLD)]
    assert 1 <= len(told) <= 2
    assert "items_served (" in str(told[0]["message"])


def test_without_a_budget_it_grows(start_service: StartService, wait_until: WaitUntil) -> None:
    """The control: the same requests make far more series."""
    service = start(start_service, wait_until, "otel")
    assert sum(series_by_worker(service).values()) > USERS + 2 * 20
    assert service.samples("service_metrics_dropped_series_total") == []
    assert "METRICS_SERIES_BUDGET" not in service.text()
