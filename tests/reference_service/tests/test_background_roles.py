"""The real consumer and runner: they serve the page or push, keep a heartbeat, and stop with the last values delivered."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric, ResourceMetrics

if TYPE_CHECKING:
    from tests.reference_service.tests.conftest import RunCommand, Service, StartService, WaitUntil

pytestmark = pytest.mark.live


@dataclass(frozen=True)
class Role:
    """What one background role is called in its logs and metrics."""

    name: str
    message: str
    units: str
    seconds: str
    in_progress: str
    label: tuple[str, str]


CONSUMER = Role(
    "amqp-consumer",
    "message handled",
    "amqp_messages_total",
    "amqp_message_duration_seconds",
    "amqp_messages_in_progress",
    ("queue", "events"),
)
RUNNER = Role(
    "task-runner",
    "task run",
    "task_runs_total",
    "task_run_duration_seconds",
    "task_runs_in_progress",
    ("task", "tag-archive"),
)
both_roles = pytest.mark.parametrize("role", [CONSUMER, RUNNER], ids=lambda role: role.name)


@dataclass
class Collector:
    """What an OTLP receiver has received, oldest first."""

    endpoint: str = ""
    received: list[ResourceMetrics] = field(default_factory=list)

    def resources(self) -> set[frozenset[tuple[str, str]]]:
        return {
            frozenset((attribute.key, attribute.value.string_value) for attribute in part.resource.attributes)
            for part in self.received
        }

    def last(self, name: str) -> Metric | None:
        """Return the newest export of the metric `name`."""
        for part in reversed(self.received):
            for scope in part.scope_metrics:
                for metric in scope.metrics:
                    if metric.name == name:
                        return metric
        return None


@pytest.fixture
def collector() -> Iterator[Collector]:
    """An OTLP/HTTP receiver on a free local port."""
    collected = Collector()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            assert self.path == "/v1/metrics"
            collected.received.extend(ExportMetricsServiceRequest.FromString(body).resource_metrics)
            answer = ExportMetricsServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            """Keep the test's output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        collected.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield collected
        server.shutdown()
        thread.join()


def worked(service: Service, role: Role, units: int) -> bool:
    return len(service.logged(message=role.message, status=200)) >= units


@both_roles
@pytest.mark.parametrize("backend", ["prometheus", "otel"])
def test_without_an_endpoint_it_serves_the_page(
    start_service: StartService, wait_until: WaitUntil, role: Role, backend: str
) -> None:
    service = start_service(role.name, PROMETHEUS_BACKEND=backend, CUSTOM_LABELS="service=a,environment=staging")
    wait_until(lambda: worked(service, role, 3), "three units of work are done")
    [(labels, value)] = service.samples(role.units)
    assert value >= 3
    assert labels == dict([role.label]) | {
        "status": "200",
        "service": "a",
        "environment": "staging",
        "service_instance_id": labels["service_instance_id"],
    }
    assert labels["service_instance_id"].endswith(f"-pid-{service.process.pid}")
    assert service.total(f"{role.seconds}_count") >= value
    assert len(service.samples(role.in_progress)) == 1
    assert service.stop() == 0
    assert service.session() == []


@both_roles
def test_with_an_endpoint_it_pushes_and_the_last_push_holds_everything(
    start_service: StartService, wait_until: WaitUntil, collector: Collector, role: Role
) -> None:
    service = start_service(
        role.name,
        PROMETHEUS_BACKEND="otel",
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint,
        OTEL_SERVICE_NAME="archive",
        METRICS_PUSH_INTERVAL="0.5s",
        CUSTOM_LABELS="environment=staging",
    )
    wait_until(lambda: collector.last(role.units), "work has been pushed")
    assert service.stop() == 0
    handled = len(service.logged(message=role.message, status=200, **dict([role.label])))
    assert handled > 0

    units = collector.last(role.units)
    assert units is not None
    [point] = units.sum.data_points
    assert (point.as_double or point.as_int) == handled
    assert {item.key: item.value.string_value for item in point.attributes} == dict([role.label]) | {
        "status": "200",
        "environment": "staging",
    }
    seconds = collector.last(role.seconds)
    assert seconds is not None
    [durations] = seconds.histogram.data_points
    assert durations.count == handled
    assert list(durations.explicit_bounds) == [0.05, 0.1, 0.3, 1, 3, 5]
    [resource] = [dict(attributes) for attributes in collector.resources()]
    assert resource["service.name"] == "archive"
    assert resource["service.instance.id"].endswith(f"-pid-{service.process.pid}")


@both_roles
def test_it_is_healthy_while_it_works(
    start_service: StartService, wait_until: WaitUntil, run_command: RunCommand, tmp_path: Path, role: Role
) -> None:
    heartbeat = tmp_path / "heartbeat"
    service = start_service(role.name)
    wait_until(lambda: worked(service, role, 1), "it works")
    wait_until(heartbeat.exists, "there is a heartbeat")
    assert run_command("healthy") == (0, "")
    first = heartbeat.stat().st_mtime
    wait_until(lambda: heartbeat.stat().st_mtime > first, "the heartbeat goes on")


@both_roles
def test_its_log_is_json_with_the_name_of_the_service(
    start_service: StartService, wait_until: WaitUntil, role: Role
) -> None:
    service = start_service(role.name, CUSTOM_LABELS="service=archive-tagger")
    wait_until(lambda: worked(service, role, 1), "it works")
    assert service.stop() == 0
    lines = service.log_lines()
    assert all({"time", "level", "message", "service", "pid"} <= line.keys() for line in lines)
    assert {line["service"] for line in lines} == {"archive-tagger"}
    assert any("stopping" in line["message"] for line in lines)


def test_the_runner_keeps_the_interval_it_is_given(start_service: StartService, wait_until: WaitUntil) -> None:
    service = start_service("task-runner", REFERENCE_TASK_INTERVAL="3600")
    wait_until(lambda: worked(service, RUNNER, 1), "the first run is done at once")
    assert service.stop() == 0
    assert len(service.logged(message="task run")) == 1
