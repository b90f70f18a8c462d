"""What the containers of a pod have written."""

from __future__ import annotations

from chart_harness.clusters.cluster import Cluster, ClusterError
from chart_harness.clusters.complaints import Complaint

LINES = 20


def logs(
    cluster: Cluster, namespace: str, pod: str, *, container: str = "", previous: bool = False, tail: int = -1
) -> str:
    """What a container has written; `previous`: its run before the present one; `tail`: the last lines only, -1 for all.

    Without `container`, the pod's only one. Raises ClusterError when there is no log (yet).
    """
    arguments = ["logs", "--namespace", namespace, pod, f"--tail={tail}"]
    if container:
        arguments += ["--container", container]
    if previous:
        arguments += ["--previous"]
    return cluster.kubectl(*arguments)


def last_lines(cluster: Cluster, namespace: str, complaint: Complaint) -> str:
    """The last lines of the container that a complaint is about, of the run that ended where one did; "" when it wrote none."""
    if complaint.kind != "Pod" or not complaint.container:
        return ""
    for previous in (True, False):
        try:
            return logs(
                cluster, namespace, complaint.name, container=complaint.container, previous=previous, tail=LINES
            ).strip()
        except ClusterError:
            continue  # it never ran, or runs for the first time
    return ""
