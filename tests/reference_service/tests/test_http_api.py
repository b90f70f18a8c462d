"""The real http-api role: gunicorn with two uvicorn workers, on both backends."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from tests.reference_service.tests.conftest import Service, StartService, WaitUntil

pytestmark = [pytest.mark.live, pytest.mark.parametrize("backend", ["prometheus", "otel"])]


@pytest.fixture
def service(start_service: StartService, wait_until: WaitUntil, backend: str) -> Service:
    started = start_service(
        "http-api",
        WEB_CONCURRENCY="2",
        PROMETHEUS_BACKEND=backend,
        CUSTOM_LABELS="service=aaa-api,environment=staging",
        METRICS_EXCLUDED_HANDLERS="/metrics,/health/.*",
    )
    wait_until(lambda: started.answers("/health/ready"), "the service is ready")
    # gunicorn is two workers only when both have finished to start.
    wait_until(lambda: len(started.logged(message="Application startup complete.")) == 2, "both workers are up")
    return started


def test_both_workers_serve_and_one_page_shows_both(service: Service, wait_until: WaitUntil) -> None:
    sent = 0

    def both_served() -> bool:
        nonlocal sent
        for _ in range(20):
            assert service.get(f"/items/{sent}").json() == {"item_id": str(sent)}
            sent += 1
        return len({labels["service_instance_id"] for labels, _ in service.samples("http_requests_total")}) == 2

    wait_until(both_served, "both workers have answered")
    requests = service.samples("http_requests_total")
    assert sum(value for _, value in requests) == sent
    for labels, _ in requests:
        assert (labels["handler"], labels["method"], labels["status"]) == ("/items/{item_id}", "GET", "200")
        assert (labels["service"], labels["environment"]) == ("aaa-api", "staging")
    assert service.total("items_served_total", kind="read") == sent
    assert service.total("http_request_duration_seconds_count") == sent
    buckets = {labels["le"] for labels, _ in service.samples("http_request_duration_seconds_bucket")}
    assert {float(bound) for bound in buckets} == {0.05, 0.1, 0.3, 1, 3, 5, math.inf}
    workers = {line["pid"] for line in service.logged(message="request", status=200, handler="/items/{item_id}")}
    assert {int(labels["service_instance_id"].rpartition("-")[2]) for labels, _ in requests} == workers


def test_the_routes_answer_and_are_logged(service: Service, wait_until: WaitUntil) -> None:
    written = httpx.post(f"http://127.0.0.1:{service.port}/items", content=b"twelve bytes", trust_env=False)
    assert written.json() == {"length": 12}
    assert service.get("/hold?seconds=0.01").json() == {"seconds": 0.01}
    assert service.get("/hold?seconds=61").status_code == 422
    assert service.get("/health/live").status_code == 200
    assert service.get("/nowhere").status_code == 404
    wait_until(lambda: service.logged(message="request", status=404, handler="/nowhere"), "the 404 is in the log")
    seen = [(line["method"], line["handler"], line["status"]) for line in service.logged(message="request")]
    assert seen == [("POST", "/items", 200), ("GET", "/hold", 200), ("GET", "/hold", 422), ("GET", "/nowhere", 404)]
    assert {line["service"] for line in service.log_lines()} == {"aaa-api"}


def test_sigterm_finishes_the_request_in_flight_and_leaves_nothing_behind(
    service: Service, wait_until: WaitUntil, tmp_path: Path
) -> None:
    with ThreadPoolExecutor() as pool:
        held = pool.submit(service.get, "/hold?seconds=2")
        wait_until(lambda: service.total("http_requests_in_progress") >= 1, "the request is in flight")
        assert service.stop() == 0
        assert held.result().status_code == 200
    lines = [(line["message"], line.get("handler")) for line in service.log_lines()]
    assert lines.index(("Handling signal: term", None)) < lines.index(("request", "/hold"))
    assert service.session() == []
    # The home folder: gunicorn's control socket would be there, and a read-only root file system would not allow it.
    assert not (tmp_path / ".gunicorn").exists()
