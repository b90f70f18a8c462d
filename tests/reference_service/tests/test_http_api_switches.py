"""Each switch of the http-api role has its one effect, and only that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import psutil
import pytest

if TYPE_CHECKING:
    from tests.reference_service.tests.conftest import Service, StartService, WaitUntil

pytestmark = pytest.mark.live

MEBIBYTE = 1024 * 1024


def start_ready(start_service: StartService, wait_until: WaitUntil, switches: str, **environment: str) -> Service:
    service = start_service("http-api", REFERENCE_MISBEHAVE=switches, **environment)
    wait_until(lambda: service.answers("/health/ready"), "the service is ready")
    return service


def workers(service: Service) -> list[psutil.Process]:
    return [process for process in service.session() if process.pid != service.process.pid]


def test_errors_fails_every_fifth_item_and_counts_right(start_service: StartService, wait_until: WaitUntil) -> None:
    service = start_ready(start_service, wait_until, "errors")
    statuses = [service.get(f"/items/{number}").status_code for number in range(20)]
    assert statuses == [200, 200, 200, 200, 500] * 4
    assert service.total("http_requests_total", handler="/items/{item_id}", status="200") == 16
    assert service.total("http_requests_total", handler="/items/{item_id}", status="500") == 4
    assert service.total("items_served_total") == 16
    wait_until(lambda: len(service.logged(message="request")) == 20, "every request is in the log")
    assert len(service.logged(status=500, level="ERROR", handler="/items/{item_id}")) == 4


def test_leak_takes_its_bytes_in_all_workers_together(start_service: StartService, wait_until: WaitUntil) -> None:
    share = 150 * MEBIBYTE
    service = start_ready(
        start_service, wait_until, "leak", WEB_CONCURRENCY="2", REFERENCE_LEAK_BYTES=str(250 * MEBIBYTE)
    )
    wait_until(lambda: len(service.logged(message="Application startup complete.")) == 2, "both workers are up")
    before = {worker.pid for worker in workers(service)}
    assert service.get("/items/1").status_code == 200
    wait_until(
        lambda: all(worker.memory_info().rss >= share for worker in workers(service)), "both workers hold their half"
    )
    assert all(worker.memory_info().rss < share + 120 * MEBIBYTE for worker in workers(service))
    assert service.get("/items/1").status_code == 200
    assert {worker.pid for worker in workers(service)} == before
    assert len(service.logged(message=f"REFERENCE_MISBEHAVE=leak: taking {share} bytes in this process")) == 2


def test_crash_ends_the_first_start_only(start_service: StartService, wait_until: WaitUntil) -> None:
    first = start_service("http-api", REFERENCE_MISBEHAVE="crash")
    assert first.process.wait(20) == 1
    assert [line["level"] for line in first.log_lines() if "REFERENCE_MISBEHAVE=crash" in line["message"]] == ["ERROR"]
    assert "Starting gunicorn" not in first.text()
    second = start_ready(start_service, wait_until, "crash")
    assert second.get("/items/1").status_code == 200


def test_hang_listens_and_never_answers(start_service: StartService, wait_until: WaitUntil) -> None:
    service = start_service("http-api", REFERENCE_MISBEHAVE="hang")
    wait_until(lambda: "REFERENCE_MISBEHAVE=hang" in service.text(), "the hang is announced")
    for path in ("/health/ready", "/health/live", "/metrics", "/items/1"):
        with pytest.raises(httpx.ReadTimeout):
            service.get(path, seconds=0.3)
    assert service.process.poll() is None
    assert service.stop() == 0


def test_forget_metric_leaves_out_the_services_own_metric(start_service: StartService, wait_until: WaitUntil) -> None:
    service = start_ready(start_service, wait_until, "forget-metric")
    assert service.get("/items/1").status_code == 200
    assert service.total("http_requests_total", handler="/items/{item_id}") == 1
    assert "items_served_total" not in service.get("/metrics").text


@pytest.mark.parametrize(("switches", "present"), [("unset-backend", False), ("", True)])
def test_unset_backend_is_seen_in_the_environment_of_every_process(
    start_service: StartService, wait_until: WaitUntil, switches: str, present: bool
) -> None:
    service = start_ready(start_service, wait_until, switches, PROMETHEUS_BACKEND="otel", WEB_CONCURRENCY="2")
    wait_until(lambda: len(service.logged(message="Application startup complete.")) == 2, "both workers are up")
    environments = [process.environ() for process in service.session()]
    assert len(environments) == 3
    assert {"PROMETHEUS_BACKEND" in environment for environment in environments} == {present}
    assert {environment["METRICS_PORT"] for environment in environments} == {str(service.port)}
    assert service.get("/metrics").status_code == 200


def test_bad_label_puts_user_id_on_the_services_own_metric(start_service: StartService, wait_until: WaitUntil) -> None:
    service = start_ready(start_service, wait_until, "bad-label")
    assert service.get("/items/1").status_code == 200
    assert [set(labels) for labels, _ in service.samples("items_served_total")] == [
        {"kind", "user_id", "service_instance_id"}
    ]
    assert all("user_id" not in labels for labels, _ in service.samples("http_requests_total"))
