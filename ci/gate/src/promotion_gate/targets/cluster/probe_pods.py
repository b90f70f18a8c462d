"""Pods that the gate starts in a release's namespace to try connections with, and removes again.

They are of the release's own image, which is there already, and sleep in python3. In a namespace that is in use they must do no harm:
they never become Ready, so no Service sends them requests, and they end by themselves should the gate be killed.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from chart_harness.clusters import caller
from chart_harness.clusters.cluster import Cluster
from chart_harness.clusters.complaints import pod_complaint
from chart_harness.clusters.namespaces import RUN_LABEL
from chart_harness.clusters.objects import POD
from chart_harness.clusters.pods import Pod
from chart_harness.clusters.waits import Waiting, WorkloadFailed, wait_for
from chart_harness.clusters.watching import Snapshot

PROBE_LABEL = "promotion-gate/probe"
START_SECONDS = 120.0
LONGEST_SECONDS = 300
"""After this the cluster itself ends those that a killed gate left."""

_NEVER_READY = [{"conditionType": "promotion-gate/never-ready"}]
_LISTEN = (
    "import socket\n"
    "both = socket.has_dualstack_ipv6()\n"
    "where = ('', {port})\n"
    "s = socket.create_server(where, family=socket.AF_INET6 if both else socket.AF_INET, dualstack_ipv6=both)\n"
    "while True: s.accept()[0].close()\n"
)


@dataclass(frozen=True)
class Wanted:
    """A pod to start: what it is called in reports, its labels, and the port on which it listens, if any."""

    role: str
    labels: Mapping[str, str]
    listens_on: int | None = None


@contextmanager
def probe_pods(
    cluster: Cluster, namespace: str, like: Mapping[str, Any], wanted: Sequence[Wanted]
) -> Iterator[tuple[Pod, ...]]:
    """Running pods, in the order of `wanted`; deleted at the end. `like` is the pod template of the release.

    First it removes ended ones that a killed gate left. Raises WorkloadFailed when one cannot start, WaitTimeout when one does not.
    """
    run = uuid.uuid4().hex[:8]
    names = [f"gate-{one.role}-{run}" for one in wanted]
    manifests = [manifest(name, namespace, run, like, one) for name, one in zip(names, wanted, strict=True)]

    def running(state: Snapshot) -> tuple[Pod, ...]:
        found = {str(pod["metadata"]["name"]): pod for pod in state[POD]}
        for pod in found.values():
            if complaint := pod_complaint(pod):
                raise WorkloadFailed(complaint)
        late = [name for name in names if (found.get(name, {}).get("status") or {}).get("phase") != "Running"]
        if late:
            raise Waiting(f"{', '.join(late)} does not run yet")
        return tuple(Pod(cluster, found[name]) for name in names)

    _delete(cluster, namespace, "--selector", PROBE_LABEL, "--field-selector", "status.phase=Failed")
    try:
        document = json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests})
        cluster.kubectl("create", "--filename", "-", stdin=document)
        yield wait_for(
            running,
            f"{', '.join(names)} in {namespace} to run",
            cluster=cluster,
            namespace=namespace,
            selector=f"{PROBE_LABEL}={run}",
            deadline=START_SECONDS,
        )
    finally:
        _delete(cluster, namespace, "--selector", f"{PROBE_LABEL}={run}")


def _delete(cluster: Cluster, namespace: str, *which: str) -> None:
    cluster.kubectl("delete", "pods", "--namespace", namespace, *which, "--wait=false", "--ignore-not-found")


def manifest(name: str, namespace: str, run: str, like: Mapping[str, Any], wanted: Wanted) -> dict[str, Any]:
    """A pod that PodSecurity `restricted` lets in, of the image of the pod template `like`, on nodes that it may run on."""
    spec = like["spec"]
    pod = caller.manifest(name, namespace, spec["containers"][0]["image"], run, f"gate-{wanted.role}")
    del pod["metadata"]["labels"][RUN_LABEL]
    pod["metadata"]["labels"] |= {PROBE_LABEL: run, **wanted.labels}
    pod["spec"] |= {"activeDeadlineSeconds": LONGEST_SECONDS, "readinessGates": _NEVER_READY}
    pod["spec"] |= {key: spec[key] for key in ("imagePullSecrets", "nodeSelector", "tolerations") if key in spec}
    if wanted.listens_on is not None:
        code = _LISTEN.format(port=wanted.listens_on)
        pod["spec"]["containers"][0]["command"] = ["python3", "-I", "-S", "-c", code]
    return pod
