"""A pod that calls others: Python in any namespace, asleep until a command is run in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chart_harness.clusters.cluster import Cluster
from chart_harness.clusters.complaints import pod_complaint
from chart_harness.clusters.namespaces import RUN_LABEL, unique_name
from chart_harness.clusters.objects import POD
from chart_harness.clusters.pods import Pod
from chart_harness.clusters.waits import Waiting, WorkloadFailed, wait_for
from chart_harness.clusters.watching import Snapshot

LONGEST_SECONDS = 3600
"""After this the cluster itself ends a pod that a killed run has left in a namespace that stays."""

NOBODY = "caller"
"""The service that a caller is a pod of where it does not matter."""

_ASLEEP = "import signal; signal.pause()"


@contextmanager
def caller(cluster: Cluster, namespace: str, image: str, run: str, service: str = NOBODY) -> Iterator[Pod]:
    """A running pod of `image`, which has python3, in an existing namespace; deleted at the end of the context.

    `run` says which test run it belongs to, `service` whose pod NetworkPolicies take it for.
    Raises WorkloadFailed when it cannot start, WaitTimeout when it does not.
    """
    name = unique_name("caller")

    def running(state: Snapshot) -> Pod:
        for pod in state[POD]:
            if complaint := pod_complaint(pod):
                raise WorkloadFailed(complaint)
            if (pod.get("status") or {}).get("phase") == "Running":
                return Pod(cluster, pod)
        raise Waiting("it does not run yet")

    cluster.kubectl("create", "--filename", "-", stdin=json.dumps(manifest(name, namespace, image, run, service)))
    try:
        selector = f"app.kubernetes.io/instance={name}"
        yield wait_for(
            running, f"pod {name} in {namespace} to run", cluster=cluster, namespace=namespace, selector=selector
        )
    finally:
        cluster.kubectl("delete", "pod", name, "--namespace", namespace, "--wait=false", "--ignore-not-found")


def manifest(name: str, namespace: str, image: str, run: str, service: str = NOBODY) -> dict[str, Any]:
    """A pod that does nothing and that PodSecurity `restricted` lets in."""
    labels = {
        "app.kubernetes.io/name": service,
        "app.kubernetes.io/instance": name,
        RUN_LABEL: run,
    }
    container = {
        "name": "caller",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "-c", _ASLEEP],
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "256Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {
            "automountServiceAccountToken": False,
            "activeDeadlineSeconds": LONGEST_SECONDS,
            "terminationGracePeriodSeconds": 0,  # it would not hear SIGTERM, and has nothing to finish
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 10001,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [container],
        },
    }
