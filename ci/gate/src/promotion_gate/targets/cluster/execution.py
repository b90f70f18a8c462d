"""A command that runs in a pod's container for as long as it is listened to.

Over the API's websocket and not by `kubectl exec`: no child process of the gate is left when the gate is killed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from kubernetes.client import CoreV1Api
from kubernetes.client.exceptions import ApiException
from kubernetes.stream import stream
from urllib3.exceptions import HTTPError
from websocket import WebSocketException

from chart_harness.clusters.cluster import Cluster, ClusterError
from promotion_gate.workload import CONTAINER

_ERRORS, _STATUS = 2, 3
"""Channels of the connection: standard error, and how the command ended."""


@contextmanager
def running(cluster: Cluster, namespace: str, pod: str, command: Sequence[str]) -> Iterator[Any]:
    """Starts the command, and yields the connection to it (kubernetes' WSClient, in bytes); it is closed at the end.

    A connection of its own each time, so any thread may call it. Raises ClusterError if the container cannot be reached.
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
            raise ClusterError(f"no command can be run in {pod}: {_one_line(error)}") from error
        try:
            yield connection
        except (WebSocketException, OSError) as error:
            raise ClusterError(f"the connection to {pod} broke: {_one_line(error)}") from error
        finally:
            connection.close()


def failure(connection: Any) -> str:
    """How a command whose connection has ended did end, in its own words or the kubelet's."""
    errors, status = bytes(connection.read_channel(_ERRORS)), bytes(connection.read_channel(_STATUS))
    return " ".join((errors or status or b"its connection ended").decode(errors="replace").split())[-300:]


def _one_line(error: Exception) -> str:
    said = str(error.reason if isinstance(error, ApiException) else error)
    return " ".join(said.split())[:300] or type(error).__name__
