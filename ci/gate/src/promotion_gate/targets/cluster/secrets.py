"""The Secrets that a release reads: in its environment's namespace they are there already, in a fresh one they are not."""

from __future__ import annotations

from kubernetes.client import CoreV1Api, V1ObjectMeta, V1Secret

from chart_harness.clusters.cluster import Cluster
from promotion_gate.targets.cluster.api import NOT_FOUND, REQUEST_SECONDS, ask
from promotion_gate.workload import Workload


def copy_secrets(cluster: Cluster, workload: Workload, namespace: str) -> None:
    """Copies those that the workload's env vars name from its environment's namespace; they go with the new one.

    One that is not there is left out: the pod then says itself that it lacks it. Raises ClusterError if the gate may not read them.
    """
    for name in sorted({var.secret.partition("/")[0] for var in workload.env if var.secret}):

        def copy(core: CoreV1Api, name: str = name) -> None:
            found = core.read_namespaced_secret(name, workload.namespace, _request_timeout=REQUEST_SECONDS)
            body = V1Secret(metadata=V1ObjectMeta(name=name), type=found.type, data=found.data)
            core.create_namespaced_secret(namespace, body, _request_timeout=REQUEST_SECONDS)

        what = f"copy the secret {name} of namespace {workload.namespace}"
        ask(cluster, what, copy, expected=frozenset({NOT_FOUND}))
