"""Consumer and runner as staging has them, on `otel`: they push what is declared, and a last time when they are told to stop."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from promotion_gate.targets.embedded.otlp_receiver import OtlpReceiver
from tests.containers.declared import declaration, differences

if TYPE_CHECKING:
    from tests.containers.conftest import StartService

pytestmark = pytest.mark.live


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    """Stands in for the collector, on a loopback port of this host."""
    receiver = OtlpReceiver()
    receiver.start()
    yield receiver
    receiver.stop()


@pytest.mark.parametrize("service", ["event-recorder", "archive-tagger"])
def test_the_last_push_holds_all_work_and_exactly_what_is_declared(
    start: StartService, until: Callable[..., Any], receiver: OtlpReceiver, service: str
) -> None:
    started = start(
        service,
        overrides={"env": {"standard": {"PROMETHEUS_BACKEND": "otel"}}},
        env={"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint, "METRICS_PUSH_INTERVAL": "1s"},
        port=None,
        options={"network_mode": "host", "hostname": None},  # where the receiver's loopback port is
    )
    work = {"event-recorder": "amqp_messages_total", "archive-tagger": "task_runs_total"}[service]
    until(lambda: any(page.total(work) for page in receiver.pages()), "work has been pushed", 30)
    assert started.container.stop(10).exit_code == 0

    [page] = receiver.pages()
    assert page.total(work) == finished(started.container.logs())
    assert page.source.endswith("-pid-1")
    declared, constant_labels = declaration(service, started.workload)
    own = {"service_metrics_push_failures_total"}  # where a push loop runs; docs/library.md
    families = [family for family in page.families if family.name not in own]
    assert {family.name for family in page.families} - {family.name for family in families} <= own
    assert differences(families, declared, constant_labels) == []


def finished(log: str) -> int:
    """Units of work that a role has logged as done."""
    return sum(json.loads(line).get("status") == 200 for line in log.splitlines())


def test_without_a_receiver_nothing_arrives(start: StartService, receiver: OtlpReceiver) -> None:
    """The control: what arrives comes from the container, over the endpoint that it is given."""
    started = start("archive-tagger", overrides={"env": {"standard": {"PROMETHEUS_BACKEND": "otel"}}})
    assert started.container.stop(10).exit_code == 0
    assert finished(started.container.logs())
    assert receiver.pages() == ()
