"""Runs a command in a pod's container, over the API's websocket: no child process of the gate that could outlive it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from kubernetes.client import CoreV1Api
from kubernetes.client.exceptions import ApiException
from kubernetes.stream import stream
from urllib3.exceptions import HTTPError
from websocket import WebSocketException

from chart_harness.clusters.cluster import Cluster
from promotion_gate.workload import CONTAINER

OUTPUT_SECONDS = 20.0
"""For all the output of a command that ends by itself."""


class ExecutionError(Exception):
    """A command could not be run in a container, or failed; the message is a clause that says why."""


@contextmanager
def running(cluster: Cluster, namespace: str, pod: str, command: Sequence[str]) -> Iterator[Any]:
    """Starts the command, and yields the connection to it (kubernetes' WSClient, in bytes); it is closed at the end.

    A connection of its own each time, so any thread may call it. Raises ExecutionError if the container cannot be reached.
    """
    with cluster.client() as client:
        try:
            connection = stream(
                CoreV1Api(client).connect_get_namespaced_pod_exec,
                pod,
                namespace,
                container=CONTAINER,
                command=list(command),
                stdin=False,
                stdout=True,
                stderr=True,
                tty=False,
                binary=True,  # text would be decoded piece by piece, and a piece may end within a character
                _preload_content=False,
            )
        except (ApiException, HTTPError, WebSocketException, OSError) as error:
            raise ExecutionError(f"no command can be run in {pod}: {_first_line(error)}") from None
        try:
            yield connection
        except (WebSocketException, OSError) as error:
            raise ExecutionError(f"the connection to {pod} broke: {_first_line(error)}") from None
        finally:
            connection.close()


def output(cluster: Cluster, namespace: str, pod: str, command: Sequence[str]) -> bytes:
    """What the command printed on its standard output. Raises ExecutionError if it fails or takes too long."""
    with running(cluster, namespace, pod, command) as connection:
        deadline = time.monotonic() + OUTPUT_SECONDS
        while connection.is_open():
            if time.monotonic() >= deadline:
                raise ExecutionError(f"`{command[0]}` in {pod} did not end within {OUTPUT_SECONDS:g} s")
            connection.update(timeout=1)
        printed = bytes(connection.read_channel(1))
        if fault := failure(connection):
            raise ExecutionError(f"`{command[0]}` in {pod} failed: {fault}")
    return printed


def failure(connection: Any) -> str:
    """Why a command whose connection has ended failed, as the kubelet or its standard error says; empty if it did not."""
    said, errors = bytes(connection.read_channel(3)), bytes(connection.read_channel(2))
    if b'"Success"' in said:
        return ""
    return " ".join((errors or said or b"the connection ended").decode(errors="replace").split())[-300:]


def _first_line(error: Exception) -> str:
    text = str(error.reason if isinstance(error, ApiException) else error)
    return text.strip().splitlines()[0] if text.strip() else type(error).__name__
