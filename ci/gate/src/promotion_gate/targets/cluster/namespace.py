"""The namespace of one verification: fresh, with PodSecurity `restricted` enforced, and gone afterwards.

Not the environment's own namespace: there a release that nothing has proved yet would replace the one that runs, two gates would
meet, and what is left of an earlier release would be taken for this one's. In a namespace of its own there is only what this release
brought, and deleting it deletes everything.

A gate that is killed leaves its namespace behind. While a gate lives it renews a time on its namespace; the next run deletes those
whose time has stood still.
"""

from __future__ import annotations

import re
import uuid
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime

from kubernetes.client import CoreV1Api, V1Namespace, V1ObjectMeta

from chart_harness.clusters.cluster import Cluster
from chart_harness.clusters.namespaces import RESTRICTED
from chart_harness.clusters.objects import NAMESPACE, Objects
from chart_harness.clusters.waits import Waiting, eventually
from promotion_gate.targets.cluster.api import CONFLICT, NOT_FOUND, REQUEST_SECONDS, ask
from promotion_gate.targets.cluster.signs_of_life import SignsOfLife, is_abandoned, sign_of_life

RUN_LABEL = "promotion-gate/run"
DELETE_SECONDS = 90.0
"""For a namespace to go."""
GRACE_SECONDS = 5
"""For its pods to end: nobody needs their work any more, and with their own grace a namespace takes twice as long to go."""

_LONGEST = 63


class VerificationNamespace:
    """Creates, keeps and deletes one namespace. For one thread."""

    def __init__(self, cluster: Cluster, service: str, environment: str) -> None:
        self.cluster = cluster
        self._run = uuid.uuid4().hex[:8]
        self.name = name_for(service, environment, self._run)
        self._creation: Future[object] | None = None
        self._signs = SignsOfLife(self.name, self._renew)

    def create(self) -> None:
        """Raises ClusterError.

        The request is made in a thread of its own: an interrupt that comes between it and its answer must not lose the namespace,
        so `delete` waits for that thread.
        """
        with ThreadPoolExecutor(1, thread_name_prefix=f"create-{self.name}") as pool:
            self._creation = pool.submit(ask, self.cluster, f"create the namespace {self.name}", self._create)
            self._creation.result()
        self._signs.begin()

    def _create(self, core: CoreV1Api) -> None:
        core.create_namespace(manifest(self.name, self._run), _request_timeout=REQUEST_SECONDS)

    def _end_pods(self, core: CoreV1Api) -> None:
        core.delete_collection_namespaced_pod(
            self.name, grace_period_seconds=GRACE_SECONDS, _request_timeout=REQUEST_SECONDS
        )

    def _renew(self, sign: dict[str, str]) -> None:
        def renew(core: CoreV1Api) -> None:
            core.patch_namespace(self.name, {"metadata": {"annotations": sign}}, _request_timeout=REQUEST_SECONDS)

        ask(self.cluster, "renew the namespace", renew)

    def delete(self) -> None:
        """Deletes it and waits until it is gone; safe twice and before `create`. Raises ClusterError if it does not go."""
        self._signs.end()
        if self._creation is None:
            return
        wait([self._creation])
        request_deletion(self.cluster, self.name)
        ask(self.cluster, f"end the pods of {self.name}", self._end_pods, expected=frozenset({NOT_FOUND}))

        def gone() -> None:
            if objects.get(NAMESPACE, self.name) is not None:
                raise Waiting(f"it is still there, see kubectl describe namespace {self.name}")

        with Objects(self.cluster) as objects:
            eventually(gone, f"namespace {self.name} to go", deadline=DELETE_SECONDS, every=0.25)
        self._creation = None


def request_deletion(cluster: Cluster, name: str) -> None:
    """Asks the cluster to delete a namespace, without waiting; one that is not there is deleted already. Raises ClusterError."""

    def delete(core: CoreV1Api) -> None:
        core.delete_namespace(name, _request_timeout=REQUEST_SECONDS)

    # a conflict: it is being deleted
    ask(cluster, f"delete the namespace {name}", delete, expected=frozenset({NOT_FOUND, CONFLICT}))


def delete_abandoned(cluster: Cluster) -> None:
    """Asks for the deletion of the namespaces of gates that were killed. Raises ClusterError."""
    with Objects(cluster) as objects:
        found = objects.all(NAMESPACE, selector=RUN_LABEL)
    for namespace in found:
        if is_abandoned(namespace, datetime.now(UTC)):
            request_deletion(cluster, namespace["metadata"]["name"])


def name_for(service: str, environment: str, run: str) -> str:
    """gate-<service>-<environment>-<run>, cut to the length that a namespace's name may have."""
    words = re.sub(r"[^a-z0-9-]+", "-", f"gate-{service}-{environment}".lower())
    return f"{words[: _LONGEST - len(run) - 1].rstrip('-')}-{run}"


def manifest(name: str, run: str) -> V1Namespace:
    """A Namespace that takes only pods that PodSecurity calls restricted."""
    labels = {**RESTRICTED, RUN_LABEL: run}
    return V1Namespace(metadata=V1ObjectMeta(name=name, labels=labels, annotations=sign_of_life()))
