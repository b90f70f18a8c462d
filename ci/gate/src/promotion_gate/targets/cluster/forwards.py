"""A way to one port of every pod."""

from __future__ import annotations

from chart_harness.clusters.cluster import Cluster, ClusterError
from chart_harness.clusters.port_forward import PortForward


class Forwards:
    """Port-forwards by pod, opened when first asked for, and again when they have ended. For one thread."""

    def __init__(self, cluster: Cluster, namespace: str, port: int) -> None:
        self._cluster, self._namespace, self._port = cluster, namespace, port
        self._open: dict[str, PortForward] = {}

    def url(self, pod: str) -> str:
        """The base URL of the pod's port on this host. Raises ClusterError if it cannot be reached."""
        if self.broken(pod):
            self._open.pop(pod).close()
        if pod not in self._open:
            self._open[pod] = PortForward(self._cluster, self._namespace, pod, self._port)
        return self._open[pod].url

    def broken(self, pod: str) -> bool:
        """Whether there was a port-forward to the pod that has ended: kubectl ends with its pod, and when a connection fails."""
        try:
            return pod in self._open and not self._open[pod].url
        except ClusterError:
            return True

    def close(self) -> None:
        """Closes all; safe twice."""
        while self._open:
            self._open.popitem()[1].close()
