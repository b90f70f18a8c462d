"""Tries, from inside a pod, to connect to where it pushes."""

from __future__ import annotations

from urllib.parse import urlsplit

from chart_harness.clusters.cluster import Cluster, ClusterError
from chart_harness.clusters.pods import Pod as ClusterPod
from promotion_gate.doctor.diagnoses.collector import ENDPOINT
from promotion_gate.doctor.view import Dial, Pod
from promotion_gate.evidence import Missing
from promotion_gate.workload import CONTAINER

SECONDS = 3.0
_REACHED = "reached"
_CONNECT = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), float(sys.argv[3])).close()
except OSError as error:
    print(error)
else:
    print("reached")
"""


def dial(cluster: Cluster, pod: Pod) -> Dial:
    """One TCP connection to the endpoint that the pod's first process has, by its name, as the exporter would make it.

    The container needs python3. Raises ClusterError when the attempt itself fails: that is no answer.
    """
    if isinstance(pod.environments, Missing) or not pod.environments:
        raise ClusterError(f"the processes of {pod.name} cannot be seen")
    endpoint = pod.environments[0].variables.get(ENDPOINT, "")
    try:
        parts = urlsplit(endpoint)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return Dial(pod.name, endpoint, reached=False, said="it is no URL")
    if not parts.hostname:
        return Dial(pod.name, endpoint or "nowhere", reached=False, said=f"{ENDPOINT} is not set to a URL")
    run = ClusterPod(cluster, pod.object).run
    said = run(
        "python3", "-I", "-S", "-c", _CONNECT, parts.hostname, str(port), str(SECONDS), container=CONTAINER
    ).strip()
    return Dial(pod.name, endpoint, reached=said == _REACHED, said="" if said == _REACHED else said)
