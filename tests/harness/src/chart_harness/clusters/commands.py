"""A command that runs in a pod while a test goes on, until its standard input is closed."""

from __future__ import annotations

import subprocess
import threading
from typing import Self

from chart_harness.clusters.cluster import ClusterError
from chart_harness.clusters.pods import Pod

FINISH_SECONDS = 60.0


class RunningCommand:
    """`kubectl exec` of a command whose standard input stays open: a context manager, for one thread.

    The command should end when it reads the end of its input. That is also what it reads when the test process dies.
    """

    def __init__(self, pod: Pod, *command: str) -> None:
        self._what = f"The command in pod {pod.namespace}/{pod.name}"
        arguments = ["exec", "--stdin", "--namespace", pod.namespace, pod.name, "--", *command]
        self._process = subprocess.Popen(
            [*pod.cluster.kubectl_command, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()

    def line(self, timeout: float = FINISH_SECONDS) -> str:
        """The next line that it writes, by which it may say how far it is. `timeout` in seconds. Raises ClusterError without one."""
        assert self._process.stdout is not None
        late = threading.Timer(timeout, self._process.kill)  # which ends the read
        late.start()
        try:
            line = self._process.stdout.readline()
        finally:
            late.cancel()
        if not line:
            raise ClusterError(f"{self._what} wrote no line within {timeout:.0f} s: {self._errors()}")
        return line.rstrip("\n")

    def finish(self, timeout: float = FINISH_SECONDS) -> str:
        """Close its input, wait until it ends and return what it wrote. `timeout` in seconds. Raises ClusterError if it fails."""
        try:
            written, errors = self._process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired as error:
            raise ClusterError(
                f"{self._what} did not end within {timeout:.0f} s after its input was closed."
            ) from error
        if self._process.returncode:
            raise ClusterError(f"{self._what} ended with {self._process.returncode}: {errors.strip()}")
        return written

    def _errors(self) -> str:
        _, errors = self._process.communicate()
        return errors.strip()
