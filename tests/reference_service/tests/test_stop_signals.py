"""A SIGTERM that comes while the command starts is kept until the role can act on it, never lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.reference_service.tests.conftest import COMMAND

if TYPE_CHECKING:
    from tests.reference_service.tests.conftest import StartService, WaitUntil

pytestmark = pytest.mark.live

EXEC_WITH_A_SIGNAL_WAITING = """
import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
os.kill(os.getpid(), signal.SIGTERM)
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.mark.parametrize("role", ["http-api", "amqp-consumer", "task-runner"])
def test_a_signal_that_came_first_ends_the_role_as_any_other(role: str, tmp_path: Path, free_port: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", EXEC_WITH_A_SIGNAL_WAITING, str(COMMAND), role],
        env={"PATH": os.environ["PATH"], "TMPDIR": str(tmp_path), "METRICS_PORT": str(free_port)},
        start_new_session=True,
        stdout=subprocess.DEVNULL,
    )
    try:
        assert process.wait(20) == 0
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def test_until_then_it_is_held_back(start_service: StartService, wait_until: WaitUntil) -> None:
    service = start_service("task-runner", REFERENCE_MISBEHAVE="crash")
    wait_until(lambda: "REFERENCE_MISBEHAVE=crash" in service.text(), "it has started and has no handler yet")
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(10) == 1  # by the crash; a signal that is not held back would make it -15


FORK_AS_GUNICORN_DOES = """
import os, signal
from reference_service import gunicorn_conf

def held_back():
    return signal.SIGTERM in signal.pthread_sigmask(signal.SIG_BLOCK, ())

gunicorn_conf.when_ready(None)
gunicorn_conf.pre_fork(None, None)
worker = os.fork()
if not worker:
    before = held_back()
    gunicorn_conf.post_worker_init(None)
    os._exit(0 if before and not held_back() else 1)
assert not held_back(), "the main process must go on hearing"
assert os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]) == 0
"""


def test_a_new_worker_hears_a_stop_signal_once_it_has_its_handlers() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORK_AS_GUNICORN_DOES],
        env={**os.environ, "METRICS_PORT": "8080"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
