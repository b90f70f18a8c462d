"""One request to the cluster's API, and its refusal as a sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from kubernetes.client import CoreV1Api
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from chart_harness.clusters.cluster import Cluster, ClusterError

T = TypeVar("T")

REQUEST_SECONDS = 30.0
NOT_FOUND, CONFLICT = 404, 409


def ask(
    cluster: Cluster, what: str, request: Callable[[CoreV1Api], T], expected: frozenset[int] = frozenset()
) -> T | None:
    """What `request` returns, or None if the API answers with one of the `expected` statuses. Raises ClusterError that says `what`.

    Over a client of its own, so any thread may call it.
    """
    with cluster.client() as client:
        try:
            return request(CoreV1Api(client))
        except ApiException as error:
            if error.status in expected:
                return None
            raise ClusterError(
                f"Cluster {cluster.name} did not let the gate {what}: it answered {error.status} {error.reason}."
            ) from error
        except HTTPError as error:
            reason = getattr(error, "reason", error)  # of many retries the last
            raise ClusterError(f"Cluster {cluster.name} did not let the gate {what}: {reason}.") from error


def identity(cluster: Cluster) -> str:
    """What tells the cluster from every other: the uid of its kube-system namespace, which lives as long. Raises ClusterError."""
    found = ask(
        cluster,
        "read the namespace kube-system",
        lambda core: core.read_namespace("kube-system", _request_timeout=REQUEST_SECONDS),
    )
    return str(found.metadata.uid or "") if found is not None and found.metadata is not None else ""
