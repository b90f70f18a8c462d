"""What tests ask a cluster, worded so that an assertion reads like a sentence: `assert restarts(release) == 0`."""

from __future__ import annotations

import requests

from chart_harness.clusters.cluster import ClusterError
from chart_harness.clusters.install import Installed
from chart_harness.clusters.objects import POD_METRICS, Objects
from chart_harness.clusters.pods import Pod, in_bytes, pods
from chart_harness.clusters.port_forward import PortForward
from chart_harness.clusters.processes import LIST_COMMAND, Process, processes
from chart_harness.clusters.waits import Waiting, eventually
from chart_harness.samples import Page

METRICS_PORT_NAMES = ("metrics", "http")
CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 10.0
MEMORY_SECONDS = 60.0

_REACHED, _NOT_REACHED = "reached", "not reached"
_CONNECT = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), float(sys.argv[3])).close()
except OSError:
    print("not reached")
else:
    print("reached")
"""


def pods_of(release: Installed) -> list[Pod]:
    """The pods of a release, sorted by name, without those being deleted."""
    return pods(release.cluster, release.namespace, release.selector)


def restarts(release: Installed) -> int:
    """How often the kubelet has restarted a container of the release's pods."""
    return sum(pod.restarts for pod in pods_of(release))


def metrics_of(pod: Pod, path: str = "/metrics") -> Page:
    """The pod's own metrics page, fetched through a port-forward. Raises ClusterError when it has none."""
    with PortForward(pod.cluster, pod.namespace, pod.name, pod.port(*METRICS_PORT_NAMES)) as forward:
        try:
            answer = requests.get(forward.url + path, timeout=ANSWER_SECONDS)
            answer.raise_for_status()
            return Page(answer.text)
        except (requests.RequestException, ValueError) as error:
            raise ClusterError(f"Pod {pod.name} has no metrics page at {path}: {error}.") from error


def environment_of(pod: Pod) -> list[Process]:
    """The processes of the pod's first container, each with the environment it was started with."""
    return processes(pod.run(*LIST_COMMAND))


def memory_of(pod: Pod, *, deadline: float = MEMORY_SECONDS) -> int:
    """The pod's working set in bytes, as metrics-server last measured it; waits `deadline` seconds for its first measurement."""

    def measured() -> int:
        found = objects.get(POD_METRICS, pod.name, pod.namespace)
        if found is None or not found.get("containers"):
            raise Waiting("metrics-server has not measured it yet")
        return sum(in_bytes(container["usage"]["memory"]) for container in found["containers"])

    with Objects(pod.cluster) as objects:
        return eventually(measured, f"the memory of pod {pod.name}", deadline=deadline)


def reachable(source: Pod, target: Pod, port: int) -> bool:
    """Whether a TCP connection from inside `source` to this port of `target` is made within 2 s.

    `source` needs python3 in its first container. Raises ClusterError when the attempt itself fails: that is no answer.
    """
    said = source.run("python3", "-c", _CONNECT, target.ip, str(port), str(CONNECT_SECONDS)).strip()
    if said not in {_REACHED, _NOT_REACHED}:
        raise ClusterError(f"Pod {source.name} could not try to reach {target.name}: it said {said!r}.")
    return said == _REACHED
