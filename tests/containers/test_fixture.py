"""`service_container` cleans up after itself, however a run ends, and keeps what is needed to understand a failure."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from chart_harness.containers.owners import OWNER, Owner, remove_orphans
from chart_harness.containers.service import ServiceContainer
from chart_harness.containers.waiting import succeeds
from cluster_images import engine

if TYPE_CHECKING:
    import docker

pytestmark = pytest.mark.live
pytest_plugins = ["pytester"]

READY = succeeds("reference-service", "healthy")

TESTS = """
from chart_harness.containers.waiting import answers, succeeds

def test_that_fails(service_container):
    container = service_container("task-runner", wait=succeeds("reference-service", "healthy"))
    assert container.state().exit_code == 0

def test_that_passes(service_container):
    service_container("task-runner", wait=succeeds("reference-service", "healthy"))

def test_whose_container_never_starts(service_container):
    service_container("task-runner", env={"REFERENCE_TASK_INTERVAL": "often"}, wait=answers("/metrics", seconds=60))
"""

# A run that is killed: it owns a container, says so, and never gets to its end.
KILLED_RUN = """
import sys, signal
from chart_harness.containers.owners import Owner
from chart_harness.containers.service import ServiceContainer
owner = Owner()
container = ServiceContainer(sys.argv[1], "task-runner", labels=owner.labels)
container.start(None)
print(container.id, flush=True)
signal.pause()
"""


def ids(client: docker.DockerClient, owner: Path | None = None) -> set[str]:
    """The containers of an owner, or of all."""
    label = OWNER if owner is None else f"{OWNER}={owner}"
    return {container.id[:12] for container in client.containers.list(all=True, filters={"label": label})}


@pytest.fixture
def own(service_image: str) -> Iterator[ServiceContainer]:
    """A container of a run that lives: this one."""
    engine.connect()
    owner = Owner()
    container = ServiceContainer(service_image, "task-runner", labels=owner.labels)
    container.start(READY)
    yield container
    container.remove()
    owner.release()


def test_the_next_run_removes_what_a_killed_one_left_and_nothing_else(
    service_image: str, own: ServiceContainer
) -> None:
    client = engine.connect()
    run = subprocess.Popen([sys.executable, "-c", KILLED_RUN, service_image], stdout=subprocess.PIPE, text=True)
    with run:
        try:
            assert run.stdout is not None
            container = run.stdout.readline().strip()
            remove_orphans(client)
            assert container in ids(client)  # its run still lives
        finally:
            run.kill()
    remove_orphans(client)
    assert container not in ids(client)
    assert own.state().running


def test_a_failure_leaves_log_and_state_and_no_container(pytester: pytest.Pytester, service_image: str) -> None:
    pytester.makepyfile(TESTS)
    client = engine.connect()
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "--service-image", service_image)
    result.assert_outcomes(passed=1, failed=2)

    failures = pytester.path / "build" / "failures"
    folders = {folder.name.rpartition(".py-")[2]: folder for folder in failures.iterdir()}
    assert folders.keys() == {"test_that_fails", "test_whose_container_never_starts"}
    [log] = folders["test_that_fails"].glob("*.log")
    assert '"task": "tag-archive"' in log.read_text()
    [state] = folders["test_that_fails"].glob("*.json")
    assert json.loads(state.read_text())["State"]["Running"]
    result.stdout.fnmatch_lines([f"Log and state of container {log.stem} are in {log.parent}."])
    # said at once, with the service's own words, and not after the 60 s that it may take
    result.stdout.fnmatch_lines(
        ["*ContainerEnded: The container of * ended with 2*", "*REFERENCE_TASK_INTERVAL is 'often'*"]
    )
    assert not {log.stem for log in failures.rglob("*.log")} & ids(client)
