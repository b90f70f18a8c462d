"""The `kind` program: where it is, one way to run it, and an end for what a killed run of it has left."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from chart_harness.clusters.cluster import ClusterError
from chart_harness.programs import ProgramMissing, find_program

CREATE_SECONDS = 300.0
MARK = "CHART_HARNESS_KIND"
"""An environment variable with the cluster's name that each of our kind processes, and all that they start, carry."""


class KindFailed(ClusterError):
    """kind ended with an error, or took too long; the message is what it said."""


def find_kind() -> Path:
    """$KIND, else kind on the PATH, else beside this Python. Raises ClusterError when there is none."""
    try:
        return find_program("kind", "kind")
    except ProgramMissing as error:
        raise ClusterError(str(error)) from None


def run_kind(
    name: str,
    arguments: Sequence[str],
    *,
    stdin: str = "",
    on_line: Callable[[str], None] = lambda _line: None,
    timeout: float = CREATE_SECONDS,
) -> None:
    """Run kind for the cluster `name` and hand each line that it writes to `on_line`, as it comes.

    `timeout` is in seconds. Raises KindFailed with the last lines when it fails or takes longer. It never outlives this call.
    """
    command = [str(find_kind()), *arguments, "--name", name]
    lines: list[str] = []
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        env={**os.environ, MARK: name},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        late = threading.Event()

        def end() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(timeout, end)
        timer.start()
        try:
            _feed(process, stdin)
            for line in process.stdout:
                lines.append(line.rstrip())
                on_line(lines[-1])
            process.wait()
        finally:
            timer.cancel()
            process.kill()
    what = f"kind {' '.join(arguments[:2])}"
    if late.is_set():
        raise KindFailed(f"{what} did not end within {timeout:.0f} s and was stopped; it said:\n{_tail(lines)}")
    if process.returncode:
        raise KindFailed(f"{what} failed:\n{_tail(lines)}")


def _feed(process: subprocess.Popen[str], text: str) -> None:
    assert process.stdin is not None
    try:
        process.stdin.write(text)
        process.stdin.close()
    except BrokenPipeError:
        pass  # it has ended already, and says why


def _tail(lines: Sequence[str]) -> str:
    return "\n".join(line for line in lines if line.strip()) if len(lines) < 40 else "\n".join(lines[-40:])


def end_orphans(name: str) -> None:
    """Kills what is left of a kind whose session was killed while it made this cluster; it would go on in the new one."""
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == name and process.pid != os.getpid():
                process.kill()
                process.wait(timeout=10)
        except (psutil.Error, OSError):
            continue  # gone, or another user's
