"""What a deployment notes in the cluster before it changes anything, so that the next one knows what a killed one has left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from kubernetes.client import CoreV1Api, V1ConfigMap, V1ObjectMeta

from chart_harness.clusters.cluster import Cluster
from promotion_gate.targets.cluster.api import CONFLICT, NOT_FOUND, REQUEST_SECONDS, ask

JOURNAL_LABEL = "promotion-gate/journal"


@dataclass(frozen=True)
class Entry:
    """What was there before a deployment, and what that would bring; immutable."""

    serving: int | None
    """The revision to put back; None if there was none."""
    newest: int
    """The highest number of a revision; 0 without any."""
    manifests_sha256: str
    """Of the objects that it would bring: another revision than that is somebody's own."""


@dataclass(frozen=True)
class Journal:
    """The ConfigMap beside a release that holds an entry while a deployment of it is under way.

    Every method raises ClusterError. Immutable; threads may share it.
    """

    cluster: Cluster
    namespace: str
    release: str

    @property
    def name(self) -> str:
        return f"gate-deploy-{self.release}"

    def read(self) -> Entry | None:
        """The entry of a deployment that has not come to its end; None if there is none, or nobody can read it."""

        def get(core: CoreV1Api) -> V1ConfigMap:
            return core.read_namespaced_config_map(self.name, self.namespace, _request_timeout=REQUEST_SECONDS)

        found = ask(self.cluster, f"read the ConfigMap {self.name}", get, expected=frozenset({NOT_FOUND}))
        data = (found.data if found is not None else None) or {}
        try:
            return Entry(int(data["serving"]) or None, int(data["newest"]), data["manifests"])
        except (KeyError, ValueError):
            return None

    def begin(self, entry: Entry) -> None:
        """Notes it, in the place of another one."""
        body = V1ConfigMap(
            metadata=V1ObjectMeta(name=self.name, labels={JOURNAL_LABEL: "true"}),
            data={
                "serving": str(entry.serving or 0),
                "newest": str(entry.newest),
                "manifests": entry.manifests_sha256,
                "began": datetime.now(UTC).isoformat(timespec="seconds"),
            },
        )

        def create(core: CoreV1Api) -> V1ConfigMap:
            return core.create_namespaced_config_map(self.namespace, body, _request_timeout=REQUEST_SECONDS)

        def replace(core: CoreV1Api) -> V1ConfigMap:
            return core.replace_namespaced_config_map(self.name, self.namespace, body, _request_timeout=REQUEST_SECONDS)

        what = f"write the ConfigMap {self.name}"
        if ask(self.cluster, what, create, expected=frozenset({CONFLICT})) is None:
            ask(self.cluster, what, replace)

    def end(self) -> None:
        """Removes the entry: what is there now is proved, put back, or meant to stay."""

        def delete(core: CoreV1Api) -> object:
            return core.delete_namespaced_config_map(self.name, self.namespace, _request_timeout=REQUEST_SECONDS)

        ask(self.cluster, f"delete the ConfigMap {self.name}", delete, expected=frozenset({NOT_FOUND}))
