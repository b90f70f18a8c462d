"""The pure parts of chart_harness.containers: states, processes, restrictions, owners, and how a wait ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from testcontainers.core.waiting_utils import WaitStrategy, WaitStrategyTarget

from chart_harness.containers.owners import Owner, lives
from chart_harness.containers.restricted import restrictions
from chart_harness.containers.state import Process, State, parse_processes
from chart_harness.containers.waiting import ContainerEnded, UnlessItEnds

RUNNING = {"Status": "running", "Running": True, "ExitCode": 0, "OOMKilled": False, "Error": ""}


@pytest.mark.parametrize(
    ("changed", "restarts", "state"),
    [
        ({}, 0, State(running=True, exit_code=None, oom_killed=False, restart_count=0)),
        ({}, 3, State(running=True, exit_code=None, oom_killed=False, restart_count=3)),
        (
            {"Status": "exited", "Running": False},
            0,
            State(running=False, exit_code=0, oom_killed=False, restart_count=0),
        ),
        (
            {"Status": "exited", "Running": False, "ExitCode": 137, "OOMKilled": True},
            0,
            State(running=False, exit_code=137, oom_killed=True, restart_count=0),
        ),
        (
            {"Status": "created", "Running": False, "Error": "no such file"},
            0,
            State(running=False, exit_code=None, oom_killed=False, restart_count=0, error="no such file"),
        ),
    ],
)
def test_a_state_is_read_from_what_the_engine_says(changed: dict[str, Any], restarts: int, state: State) -> None:
    assert State.of({"State": RUNNING | changed, "RestartCount": restarts}) == state


def test_a_process_may_be_called_anything() -> None:
    text = "1 (python3) S 0 1 1 0\n17 (a (b) c) Z 1 1 1 0\n"
    assert parse_processes(text) == [Process(1, "python3", "S", 0), Process(17, "a (b) c", "Z", 1)]


def test_the_restrictions_are_those_of_a_restricted_pod() -> None:
    options = restrictions()
    assert options["read_only"] is True
    assert options["cap_drop"] == ["ALL"]
    assert options["security_opt"] == ["no-new-privileges"]
    assert not options.keys() & {"mem_limit", "privileged", "cap_add", "user"}


@pytest.mark.parametrize("memory", [368 * 2**20, "368m"])
def test_a_memory_limit_has_no_swap_on_top(memory: int | str) -> None:
    options = restrictions(memory)
    assert options["mem_limit"] == options["memswap_limit"] == memory


def test_an_owner_lives_until_it_lets_go(cache: Path) -> None:
    owner = Owner()
    [path] = {Path(value) for value in owner.labels.values() if value.startswith(str(cache))}
    assert lives(path)
    owner.release()
    assert not lives(path)
    assert not path.exists()


def test_an_owner_that_was_killed_lives_no_longer(cache: Path) -> None:
    program = (
        "import signal; from chart_harness.containers.owners import OWNER, Owner; owner = Owner();"
        " print(owner.labels[OWNER], flush=True); signal.pause()"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        path = Path(process.stdout.readline().strip())
        assert lives(path)
        process.kill()
    assert path.exists()
    assert not lives(path)


class Container:
    """What a wait asks of a container: its state and its output."""

    image = "shop:1.0"

    def __init__(self, **state: object) -> None:
        self.attrs = {"State": RUNNING | state}

    def get_wrapped_container(self) -> Container:
        return self

    def reload(self) -> None:
        """Nothing changes."""

    def get_logs(self) -> tuple[bytes, bytes]:
        return b"one\n", b"two\n"


class Never(WaitStrategy):
    """Never ready; counts how often it was asked."""

    def __init__(self, ready_at: int = 0) -> None:
        super().__init__()
        self.asked = 0
        self._ready_at = ready_at

    def wait_until_ready(self, container: WaitStrategyTarget) -> None:  # noqa: ARG002 - the base class's
        self.asked += 1
        if self.asked != self._ready_at:
            raise TimeoutError("no answer")


def wait(strategy: Never, container: Container, seconds: float) -> None:
    UnlessItEnds(strategy, seconds).wait_until_ready(container)  # type: ignore[arg-type]  # the few methods that it uses


def test_a_container_that_has_ended_is_not_waited_for() -> None:
    never = Never()
    ended = Container(Status="exited", Running=False, ExitCode=3)
    with pytest.raises(ContainerEnded, match=r"(?s)ended with 3\n.*one\ntwo"):
        wait(never, ended, 3600)
    assert never.asked == 1


def test_an_oom_kill_is_named() -> None:
    killed = Container(Status="exited", Running=False, ExitCode=137, OOMKilled=True)
    with pytest.raises(ContainerEnded, match="ended with 137 by the kernel, over its memory limit"):
        wait(Never(), killed, 3600)


def test_a_kill_that_the_engine_does_not_explain_is_not_called_an_oom_kill() -> None:
    killed = Container(Status="exited", Running=False, ExitCode=137)
    with pytest.raises(ContainerEnded, match="ended with 137, killed: perhaps over its memory limit"):
        wait(Never(), killed, 3600)


def test_the_deadline_ends_the_wait() -> None:
    with pytest.raises(ContainerEnded, match="was not ready within 0 s: no answer"):
        wait(Never(), Container(), 0)


def test_it_is_asked_again_until_it_is_ready() -> None:
    strategy = Never(ready_at=3)
    wait(strategy, Container(), 3600)
    assert strategy.asked == 3
