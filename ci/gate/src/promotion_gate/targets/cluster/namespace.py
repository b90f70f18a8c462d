"""The namespace of one verification: fresh, with PodSecurity `restricted` enforced, and gone afterwards.

Not the environment's own namespace: there a release that nothing has proved yet would replace the one that runs, two gates would
meet, and what is left of an earlier release would be taken for this one's. In a namespace of its own there is only what this release
brought, and deleting it deletes everything.

A gate that is killed leaves its namespace behind. While a gate lives it renews a time on its namespace; the next run deletes those
whose time has stood still.
"""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from kubernetes.client import CoreV1Api, V1Namespace, V1ObjectMeta

from chart_harness.clusters.cluster import Cluster, ClusterError
from chart_harness.clusters.namespaces import RESTRICTED
from chart_harness.clusters.objects import NAMESPACE, Objects
from chart_harness.clusters.waits import Waiting, eventually
from promotion_gate.targets.cluster.api import CONFLICT, NOT_FOUND, REQUEST_SECONDS, ask

RUN_LABEL = "promotion-gate/run"
ALIVE_AT = "promotion-gate/alive-at"

RENEW_SECONDS = 10.0
DEAD_AFTER = timedelta(seconds=60)
"""Several renewals, and what two hosts' clocks may differ."""
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
        self._ending = threading.Event()
        self._renewer = threading.Thread(target=self._renew, name=f"renew-{self.name}", daemon=True)

    def create(self) -> None:
        """Raises ClusterError.

        The request is made in a thread of its own: an interrupt that comes between it and its answer must not lose the namespace,
        so `delete` waits for that thread.
        """
        with ThreadPoolExecutor(1, thread_name_prefix=f"create-{self.name}") as pool:
            self._creation = pool.submit(ask, self.cluster, f"create the namespace {self.name}", self._create)
            self._creation.result()
        self._renewer.start()

    def _create(self, core: CoreV1Api) -> None:
        core.create_namespace(manifest(self.name, self._run), _request_timeout=REQUEST_SECONDS)

    def _end_pods(self, core: CoreV1Api) -> None:
        core.delete_collection_namespaced_pod(
            self.name, grace_period_seconds=GRACE_SECONDS, _request_timeout=REQUEST_SECONDS
        )

    def _renew(self) -> None:
        def renew(core: CoreV1Api) -> None:
            body = {"metadata": {"annotations": {ALIVE_AT: _now()}}}
            core.patch_namespace(self.name, body, _request_timeout=REQUEST_SECONDS)

        while not self._ending.wait(RENEW_SECONDS):
            with suppress(ClusterError):  # the API is busy: many renewals have to fail before it matters
                ask(self.cluster, "renew the namespace", renew)

    def delete(self) -> None:
        """Deletes it and waits until it is gone; safe twice and before `create`. Raises ClusterError if it does not go."""
        self._ending.set()
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


def is_abandoned(namespace: Mapping[str, Any], now: datetime) -> bool:
    """Whether nobody has renewed it for DEAD_AFTER; one without a time that can be read is not a gate's, and is left alone."""
    try:
        alive_at = datetime.fromisoformat((namespace["metadata"].get("annotations") or {})[ALIVE_AT])
        return now - alive_at > DEAD_AFTER
    except (KeyError, ValueError, TypeError):  # TypeError: a time without a zone
        return False


def name_for(service: str, environment: str, run: str) -> str:
    """gate-<service>-<environment>-<run>, cut to the length that a namespace's name may have."""
    words = re.sub(r"[^a-z0-9-]+", "-", f"gate-{service}-{environment}".lower())
    return f"{words[: _LONGEST - len(run) - 1].rstrip('-')}-{run}"


def manifest(name: str, run: str) -> V1Namespace:
    """A Namespace that takes only pods that PodSecurity calls restricted."""
    labels, annotations = {**RESTRICTED, RUN_LABEL: run}, {ALIVE_AT: _now()}
    return V1Namespace(metadata=V1ObjectMeta(name=name, labels=labels, annotations=annotations))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
