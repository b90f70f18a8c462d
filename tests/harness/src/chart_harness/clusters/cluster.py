"""A cluster that tests may create things in: how to reach it, and one way to run kubectl on it."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import kubernetes

from chart_harness.programs import ProgramMissing, find_program

TIMEOUT_SECONDS = 120.0

_MAKING_CLIENTS = threading.Lock()
"""Of two threads that make their first clients at once, the second would read the first one's file of certificates while it is empty:
the library remembers the file's name before it has written the file."""


class ClusterError(RuntimeError):
    """A cluster cannot be had, or did not do what it was asked; the message says what and, where we know it, what to do."""


@dataclass(frozen=True)
class Cluster:
    """A cluster that tests may create things in. Immutable; threads may share it."""

    name: str
    kubeconfig: Path
    context: str

    def client(self) -> kubernetes.client.ApiClient:
        """A new client of the cluster's API; one for each thread, because it is not made to be shared.

        Raises ClusterError when the kubeconfig cannot be read or does not know the context.
        """
        try:
            with _MAKING_CLIENTS:
                client: kubernetes.client.ApiClient = kubernetes.config.new_client_from_config(  # type: ignore[no-untyped-call]
                    str(self.kubeconfig), context=self.context
                )
        except (kubernetes.config.ConfigException, OSError) as error:
            raise ClusterError(
                f"{self.kubeconfig} gives no access to context {self.context!r}: {error}. Boot the cluster again."
            ) from error
        return client

    @property
    def kubectl_command(self) -> tuple[str, ...]:
        """kubectl and the options that make it talk to this cluster. Raises ClusterError when there is no kubectl."""
        return (str(_kubectl()), "--kubeconfig", str(self.kubeconfig), "--context", self.context)

    def kubectl(self, *arguments: str, stdin: str = "", timeout: float = TIMEOUT_SECONDS) -> str:
        """Run kubectl on this cluster and return what it wrote to standard output.

        `stdin` is for `-f -`; `timeout` is in seconds. Raises ClusterError with all that kubectl wrote when it fails or
        takes longer.
        """
        return _run([*self.kubectl_command, *arguments], stdin, timeout)


def _kubectl() -> Path:
    try:
        return find_program("kubectl", "kubectl")
    except ProgramMissing as error:
        raise ClusterError(str(error)) from None


def _run(command: Sequence[str], stdin: str, timeout: float) -> str:
    what = f"kubectl {' '.join(command[5:])}"
    try:
        done = subprocess.run(
            command,
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="backslashreplace",  # a log may hold any byte
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ClusterError(f"{what} did not end within {timeout:.0f} s and was stopped.") from error
    except OSError as error:
        raise ClusterError(f"kubectl could not be started from {command[0]}: {error.strerror}.") from error
    if done.returncode != 0:
        said = "\n".join(text.strip() for text in (done.stderr, done.stdout) if text.strip())
        raise ClusterError(f"{what} failed: {said or f'it ended with {done.returncode} and said nothing.'}")
    return done.stdout
