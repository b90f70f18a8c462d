"""Each switch of consumer and runner has its one effect, and only that."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psutil
import pytest

if TYPE_CHECKING:
    from tests.reference_service.tests.conftest import RunCommand, Service, StartService, WaitUntil

pytestmark = [
    pytest.mark.live,
    pytest.mark.parametrize(("role", "subject"), [("amqp-consumer", "amqp_message"), ("task-runner", "task_run")]),
]

MEBIBYTE = 1024 * 1024


def done(service: Service) -> int:
    """Return how many units of work have ended, well or not."""
    return len(service.logged(status=200)) + len(service.logged(status=500))


def test_errors_fails_every_fifth_unit_and_counts_right(
    start_service: StartService, wait_until: WaitUntil, role: str, subject: str
) -> None:
    service = start_service(role, REFERENCE_MISBEHAVE="errors", REFERENCE_TASK_INTERVAL="0.05")
    wait_until(lambda: done(service) >= 10, "ten units of work are done")
    statuses = [line["status"] for line in service.log_lines() if "status" in line]
    assert statuses[:10] == [200, 200, 200, 200, 500] * 2
    good, failed = (service.total(f"{subject}s_total", status=status) for status in ("200", "500"))
    assert failed == (good + failed) // 5 >= 2
    assert service.stop() == 0


def test_leak_takes_its_bytes_and_work_goes_on(
    start_service: StartService, wait_until: WaitUntil, role: str, subject: str
) -> None:
    service = start_service(role, REFERENCE_MISBEHAVE="leak", REFERENCE_LEAK_BYTES=str(250 * MEBIBYTE))
    memory = psutil.Process(service.process.pid).memory_info
    wait_until(lambda: memory().rss >= 300 * MEBIBYTE, "the process holds 1.2 times the limit")
    before = done(service)
    wait_until(lambda: done(service) > before, "work goes on")
    assert memory().rss < 420 * MEBIBYTE
    assert service.logged(status=500) == []


def test_crash_ends_the_first_start_only(
    start_service: StartService, wait_until: WaitUntil, tmp_path: Path, role: str, subject: str
) -> None:
    first = start_service(role, REFERENCE_MISBEHAVE="crash")
    assert first.process.wait(20) == 1
    assert [line["level"] for line in first.log_lines() if "REFERENCE_MISBEHAVE=crash" in line["message"]] == ["ERROR"]
    assert not (tmp_path / "heartbeat").exists()
    second = start_service(role, REFERENCE_MISBEHAVE="crash")
    wait_until(lambda: done(second) >= 1, "the second start works")


def test_hang_has_no_heartbeat_and_does_no_work(
    start_service: StartService,
    wait_until: WaitUntil,
    run_command: RunCommand,
    tmp_path: Path,
    role: str,
    subject: str,
) -> None:
    (tmp_path / "heartbeat").touch()  # an earlier start's, which must not make this one healthy
    service = start_service(role, REFERENCE_MISBEHAVE="hang")
    wait_until(lambda: "REFERENCE_MISBEHAVE=hang" in service.text(), "the hang is announced")
    with pytest.raises(httpx.ReadTimeout):
        service.get("/metrics", seconds=0.3)
    assert run_command("healthy")[0] == 1
    assert done(service) == 0
    assert service.process.poll() is None
    assert service.stop() == 0


def test_forget_metric_records_no_durations(
    start_service: StartService, wait_until: WaitUntil, role: str, subject: str
) -> None:
    service = start_service(role, REFERENCE_MISBEHAVE="forget-metric", METRICS_NAMESPACE="fleet")
    wait_until(lambda: done(service) >= 2, "it works")
    assert service.total(f"fleet_{subject}s_total", status="200") >= 2
    assert len(service.samples(f"fleet_{subject}s_in_progress")) == 1
    assert "duration_seconds" not in service.get("/metrics").text


def test_unset_backend_is_seen_in_the_environment(
    start_service: StartService, wait_until: WaitUntil, role: str, subject: str
) -> None:
    service = start_service(role, REFERENCE_MISBEHAVE="unset-backend", PROMETHEUS_BACKEND="otel")
    wait_until(lambda: done(service) >= 1, "it works")
    environment = psutil.Process(service.process.pid).environ()
    assert "PROMETHEUS_BACKEND" not in environment
    assert environment["METRICS_PORT"] == str(service.port)


def test_bad_label_is_on_a_counter_of_its_own(
    start_service: StartService, wait_until: WaitUntil, role: str, subject: str
) -> None:
    service = start_service(role, REFERENCE_MISBEHAVE="bad-label")
    wait_until(lambda: done(service) >= 1, "it works")
    [(labels, _)] = service.samples("messages_by_user_total" if role == "amqp-consumer" else "runs_by_user_total")
    assert set(labels) == {"user_id", "service_instance_id"}
    assert all("user_id" not in labels for labels, _ in service.samples(f"{subject}s_total"))
