"""SIGTERM ends every role within its grace period with status 0, and what is under way is finished first."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import requests

from chart_harness.containers.waiting import answers
from promotion_gate.exposition import parse_page
from tests.containers.conftest import ROLES, SERVICES

if TYPE_CHECKING:
    from concurrent.futures import Future

    from chart_harness.containers.service import ServiceContainer
    from chart_harness.fixtures.containers import ContainerFactory
    from tests.containers.conftest import StartService

pytestmark = pytest.mark.live

HELD_SECONDS = 5
KILLED = 137
STOPS = {
    "aaa-api": "Handling signal: term",
    "event-recorder": "stopping: no new messages",
    "archive-tagger": "stopping: the last run is finished",
}
"""What the role of each service says when it stops by itself."""

# Process 1 of the container signals itself and then becomes the role, as if SIGTERM had come while the role still imported.
SIGTERM_FIRST = """
import os, signal, sys
if sys.argv[1] == "held back":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
os.kill(os.getpid(), signal.SIGTERM)
os.execvp("reference-service", ["reference-service", sys.argv[2]])
"""


def hold(container: ServiceContainer, pool: ThreadPoolExecutor, until: Callable[..., Any]) -> Future[requests.Response]:
    """A request that the service has accepted and will answer after HELD_SECONDS."""
    answer = pool.submit(container.get, f"/hold?seconds={HELD_SECONDS}", timeout=HELD_SECONDS + 20)
    until(lambda: in_progress(container) == 1, "the request is under way")
    return answer


def in_progress(container: ServiceContainer) -> float:
    families = parse_page(container.get("/metrics").text)
    return sum(s.value for family in families for s in family.samples if s.name == "http_requests_in_progress")


def refuses(container: ServiceContainer) -> bool:
    try:
        container.get("/items/7")
    except requests.ConnectionError:
        return True
    return False


def test_a_request_in_flight_is_answered_after_sigterm(start: StartService, until: Callable[..., Any]) -> None:
    started = start("aaa-api")
    container, grace = started.container, started.workload.grace_seconds
    with ThreadPoolExecutor(1) as pool:
        answer = hold(container, pool, until)
        container.signal("SIGTERM")
        told = time.monotonic()
        until(lambda: refuses(container), "no new request is taken")
        assert not answer.done()
        assert answer.result().status_code == 200
    state = container.wait_until_ended(grace)
    assert time.monotonic() - told < grace
    assert (state.exit_code, state.oom_killed) == (0, False)


def test_a_request_in_flight_is_lost_with_sigkill(start: StartService, until: Callable[..., Any]) -> None:
    """The control: it is the draining that saves the request."""
    container = start("aaa-api").container
    with ThreadPoolExecutor(1) as pool:
        answer = hold(container, pool, until)
        container.signal("SIGKILL")
        with pytest.raises(requests.ConnectionError):
            answer.result()
    assert container.wait_until_ended(10).exit_code == KILLED


@pytest.mark.parametrize("service", SERVICES)
def test_it_ends_with_0_well_before_its_grace_is_over(start: StartService, service: str) -> None:
    started = start(service)
    told = time.monotonic()
    state = started.container.stop(int(started.workload.grace_seconds))
    assert time.monotonic() - told < started.workload.grace_seconds / 2
    assert (state.running, state.exit_code, state.restart_count) == (False, 0, 0)
    assert STOPS[service] in started.container.logs()


@pytest.mark.parametrize("service", SERVICES)
def test_a_kill_is_told_from_an_end(start: StartService, service: str) -> None:
    """The control: the exit code, and the words of a role that stops by itself."""
    container = start(service).container
    container.signal("SIGKILL")
    state = container.wait_until_ended(10)
    assert (state.exit_code, state.oom_killed) == (KILLED, False)
    assert STOPS[service] not in container.logs()


@pytest.mark.parametrize("role", ROLES)
def test_a_signal_that_comes_before_the_handlers_ends_it(service_container: ContainerFactory, role: str) -> None:
    container = service_container(
        command=("python", "-c", SIGTERM_FIRST, "held back", role), env={"METRICS_PORT": "8080"}, wait=None
    )
    assert container.wait_until_ended(20).exit_code == 0


def test_process_1_would_lose_such_a_signal(service_container: ContainerFactory) -> None:
    """The control: Linux drops a signal for process 1 of a container that has no handler and does not block it."""
    command = ("python", "-c", SIGTERM_FIRST, "let through", "http-api")
    container = service_container(command=command, env={"METRICS_PORT": "8080"}, wait=answers("/health/ready"))
    assert container.state().running
