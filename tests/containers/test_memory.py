"""A memory limit that is too small ends in OOMKilled, and the harness sees it; with the chart's own limit it does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from chart_harness.containers.waiting import ContainerEnded
from tests.containers.conftest import SERVICES

if TYPE_CHECKING:
    from chart_harness.containers.service import ServiceContainer
    from tests.containers.conftest import StartService

pytestmark = pytest.mark.live

MIB = 2**20
LEAKED = 96 * MIB
TOO_SMALL = 12 * MIB
"""The interpreter starts and is killed while it imports. With 8 MiB it is killed so soon that the engine, which begins to listen for the
kernel's kills only after it has started process 1 (cgroup v1), once missed it."""
LEAK = {"REFERENCE_MISBEHAVE": "leak", "REFERENCE_LEAK_BYTES": str(LEAKED)}


def anonymous_memory(container: ServiceContainer) -> int:
    """Bytes that process 1 has taken for itself."""
    _, status = container.run("cat", "/proc/1/status")
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("RssAnon:"))


@pytest.mark.parametrize("service", ["event-recorder", "archive-tagger"])
def test_a_leak_over_the_limit_is_killed(start: StartService, service: str) -> None:
    container = start(service, env=LEAK, memory=LEAKED).container
    state = container.wait_until_ended(30)
    assert (state.exit_code, state.oom_killed) == (137, True)


def test_the_same_leak_under_the_limit_is_not(start: StartService, until: Callable[..., Any]) -> None:
    """The control: the leak alone does not end it."""
    container = start("archive-tagger", env=LEAK, memory=2 * LEAKED).container
    until(lambda: anonymous_memory(container) > 1.2 * LEAKED, "all of the leak is taken", 30)
    state = container.state()
    assert (state.running, state.exit_code, state.oom_killed) == (True, None, False)


def test_a_worker_that_is_killed_is_seen_although_the_container_goes_on(
    start: StartService, until: Callable[..., Any]
) -> None:
    container = start("aaa-api", env={**LEAK, "WEB_CONCURRENCY": "1"}, memory=LEAKED).container
    until(lambda: "was sent SIGKILL" in container.logs(), "gunicorn has lost a worker", 30)
    assert container.state().running


@pytest.mark.parametrize("service", SERVICES)
def test_a_limit_too_small_to_start_is_said_at_once(start: StartService, service: str) -> None:
    with pytest.raises(ContainerEnded, match="over its memory limit"):
        start(service, memory=TOO_SMALL)


@pytest.mark.parametrize("service", SERVICES)
def test_the_limit_of_the_chart_is_enough(start: StartService, service: str) -> None:
    started = start(service)
    limit = started.container.inspected()["HostConfig"]["Memory"]
    assert limit == started.workload.memory_limit
    assert anonymous_memory(started.container) < limit / 2
    assert not started.container.state().oom_killed
