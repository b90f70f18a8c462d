"""`python -m promotion_gate.targets.embedded.watchdog RUN`: kills a run's processes when the gate is gone.

It reads its standard input until the end: the gate holds the other end, and the kernel closes it however the gate ends, SIGKILL included.
"""

from __future__ import annotations

import subprocess
import sys
from typing import IO

from promotion_gate.targets.embedded.processes import kill_run


def start(run: str) -> subprocess.Popen[bytes]:
    """Starts the watchdog in a session of its own, out of reach of the terminal's Ctrl-C; close its stdin to end it."""
    return subprocess.Popen([sys.executable, "-m", __name__, run], stdin=subprocess.PIPE, start_new_session=True)


def watch(run: str, gate: IO[bytes]) -> None:
    """Waits for the end of `gate`, then kills what the run left."""
    while gate.read(1):
        pass
    kill_run(run)


if __name__ == "__main__":
    watch(sys.argv[1], sys.stdin.buffer)
