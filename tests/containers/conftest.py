"""Starts the fleet's services in containers, as their rendered charts say."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from chart_harness.containers.waiting import answers, succeeds
from chart_harness.fleet import service_release
from promotion_gate.workload import Probe, Workload, read_workload, resolve_env
from tests.containers.declared import ROOT

if TYPE_CHECKING:
    from testcontainers.core.waiting_utils import WaitStrategy

    from chart_harness.containers.service import ServiceContainer
    from chart_harness.fixtures.containers import ContainerFactory

SERVICES = ("aaa-api", "event-recorder", "archive-tagger")
ROLES = ("http-api", "amqp-consumer", "task-runner")
"""Of the services above, in their order."""

_NO_BROKER = {"AMQP_URL": ""}  # the consumer then feeds itself, without looking for a host that only a cluster has


@dataclass(frozen=True)
class Started:
    """A service in a container, and the workload of its chart that it is."""

    workload: Workload
    container: ServiceContainer


class StartService(Protocol):
    def __call__(
        self,
        service: str,
        *,
        env: Mapping[str, str] | None = None,
        without: str = "",
        overrides: Mapping[str, Any] | None = None,
        memory: int | str | None = None,
        wait: bool = True,
        port: int | None = 8080,
        options: Mapping[str, Any] | None = None,
    ) -> Started: ...


@pytest.fixture
def start(service_container: ContainerFactory) -> StartService:
    """`start("aaa-api", env={…})`: the service as its chart renders it for production, where metrics are pulled.

    Command, environment, memory limit and readiness probe are the chart's; `env` comes on top of it, the variable `without` is taken
    away, `overrides` are values, `memory` is another limit.
    """

    def start_service(
        service: str,
        *,
        env: Mapping[str, str] | None = None,
        without: str = "",
        overrides: Mapping[str, Any] | None = None,
        memory: int | str | None = None,
        wait: bool = True,
        port: int | None = 8080,
        options: Mapping[str, Any] | None = None,
    ) -> Started:
        workload = read_workload(service_release(ROOT, service, "production", overrides=overrides))
        name = f"{service}-0"
        facts = {
            "metadata.name": name,
            "metadata.namespace": "production",
            "metadata.uid": "0",
            "spec.nodeName": "node",
        }
        environment = {**resolve_env(workload.env, facts), **_NO_BROKER, **(env or {})}
        environment.pop(without, None)
        container = service_container(
            command=workload.command,
            env=environment,
            memory=memory or workload.memory_limit,
            wait=_ready(workload.readiness) if wait else None,
            port=port,
            options={"hostname": name, **(options or {})},
        )
        return Started(workload, container)

    return start_service


def _ready(probe: Probe | None) -> WaitStrategy:
    assert probe is not None, "the chart renders a readiness probe for every service"
    return answers(probe.path, port=probe.port) if probe.path else succeeds(*probe.command)


@pytest.fixture
def until() -> Callable[..., Any]:
    """`until(condition, "what", seconds=15)`: the first true value of `condition()`; fails with `what` after the deadline."""

    def wait(condition: Callable[[], Any], what: str, seconds: float = 15) -> Any:
        deadline = time.monotonic() + seconds
        while not (value := condition()):
            assert time.monotonic() < deadline, f"After {seconds:g} s still not true: {what}."
            time.sleep(0.05)
        return value

    return wait
