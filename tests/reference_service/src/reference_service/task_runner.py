"""The task-runner role: one run at a steady interval, instrumented in the documented way."""

from __future__ import annotations

import hashlib
import logging
import signal
import time
from collections.abc import Mapping

import service_metrics
from reference_service import heartbeat
from reference_service.leak import start_leak
from reference_service.misbehave import EveryFifth, Switch
from reference_service.settings import leak_bytes, task_interval
from reference_service.stop_signals import STOP_SIGNALS
from reference_service.tracking import Track, run_tracker
from reference_service.user_label import UserLabel

log = logging.getLogger(__name__)

TASK_NAME = "tag-archive"


class RunFailedError(Exception):
    """The `errors` switch asked for this run to fail."""


def run(environ: Mapping[str, str], switches: frozenset[Switch]) -> int:
    """Run the task until SIGTERM or SIGINT, finish the run under way, push a last time; return the exit status.

    The signals stay blocked and `sigtimedwait` is the pause between runs: a run is never interrupted, a pause always is,
    and no handler has to be safe against the code it interrupts. Threads started later inherit the mask.
    """
    with service_metrics.publish():
        if Switch.LEAK in switches:
            start_leak(leak_bytes(environ), processes=1)
        runner = Runner(switches)
        interval = task_interval(environ)
        next_run = time.monotonic()
        while True:
            if time.monotonic() >= next_run:
                runner.run_once()
                # Not now + interval: the pace stays steady. After a pause of the machine, no runs are caught up.
                next_run = max(next_run + interval, time.monotonic())
            heartbeat.beat(environ)
            pause = min(max(next_run - time.monotonic(), 0.0), heartbeat.BEAT_SECONDS)
            if signal.sigtimedwait(STOP_SIGNALS, pause) is not None:
                log.info("stopping: the last run is finished")
                return 0


class Runner:
    """Runs the task; used by one thread."""

    def __init__(self, switches: frozenset[Switch], track: Track | None = None) -> None:
        self._failures = EveryFifth(switches)
        self._users = UserLabel("runs_by_user_total", switches)
        self._track = track or run_tracker(switches)

    def run_once(self) -> None:
        """Do one run and log its status; a failed run does not end the runner."""
        try:
            with self._track(TASK_NAME):
                self._do()
        except RunFailedError as error:
            log.error("task failed", extra={"status": 500, "task": TASK_NAME, "reason": str(error)})  # noqa: TRY400
        else:
            log.info("task run", extra={"status": 200, "task": TASK_NAME})

    def _do(self) -> None:
        """Stand for the work of a real service."""
        digest = hashlib.sha256(b"archive" * 1024).hexdigest()
        self._users.add(f"user-{digest[0]}")
        if self._failures.must_fail():
            raise RunFailedError("Every fifth run fails because REFERENCE_MISBEHAVE=errors.")
