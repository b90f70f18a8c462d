"""What a deployment notes in the cluster before it changes anything: that it is under way, and what to put back should it be killed."""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from kubernetes.client import CoreV1Api, V1ConfigMap, V1ObjectMeta

from chart_harness.clusters.cluster import Cluster
from chart_harness.clusters.owners import Owner
from promotion_gate.targets.cluster.api import CONFLICT, NOT_FOUND, REQUEST_SECONDS, ask
from promotion_gate.targets.cluster.signs_of_life import DEAD_AFTER, SignsOfLife, is_abandoned, sign_of_life
from promotion_gate.targets.target import TargetError

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


class Journal:
    """The ConfigMap beside a release that is there while a deployment of it is under way. A context manager, for one thread.

    Every method raises ClusterError.
    """

    def __init__(self, cluster: Cluster, namespace: str, release: str) -> None:
        self.namespace, self.name = namespace, f"gate-deploy-{release}"
        self._cluster, self._release = cluster, release
        self._found: V1ConfigMap | None = None
        self._signs = SignsOfLife(self.name, self._renew)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """No more signs of life; an entry that was not ended stays."""
        self._signs.end()

    def read(self) -> Entry | None:
        """The entry of a deployment that was killed; None if there is none, or nobody can read it.

        Raises TargetError while another deployment lives.
        """

        def get(core: CoreV1Api) -> V1ConfigMap:
            return core.read_namespaced_config_map(self.name, self.namespace, _request_timeout=REQUEST_SECONDS)

        self._found = ask(self._cluster, f"read the ConfigMap {self.name}", get, expected=frozenset({NOT_FOUND}))
        if self._found is None:
            return None
        data = self._found.data or {}
        if not _was_killed(self._found, data):
            raise self._under_way(
                f", of process {data.get('pid', '?')} on {data.get('host', '?')} since {data.get('began', '?')}"
            )
        try:
            return Entry(int(data["serving"]) or None, int(data["newest"]), data["manifests"])
        except (KeyError, ValueError):
            return None

    def _under_way(self, whose: str = "") -> TargetError:
        return TargetError(
            f"Another deployment of {self._release} in namespace {self.namespace} is under way{whose}: wait for it. One that was killed "
            f"counts as gone after {DEAD_AFTER.seconds} s; if it stays, kubectl delete configmap {self.name} --namespace {self.namespace}."
        )

    def begin(self, entry: Entry) -> None:
        """Notes it, in the place of what `read` has found, and shows from now on that this deployment lives.

        Raises TargetError if another one came first.
        """
        owner = Owner.of(os.getpid())
        metadata = V1ObjectMeta(name=self.name, labels={JOURNAL_LABEL: "true"}, annotations=sign_of_life())
        if self._found is not None and self._found.metadata is not None:
            metadata.resource_version = self._found.metadata.resource_version  # of two that replace it, one may
        data = {
            "serving": str(entry.serving or 0),
            "newest": str(entry.newest),
            "manifests": entry.manifests_sha256,
            "began": datetime.now(UTC).isoformat(timespec="seconds"),
            "host": platform.node(),
            "processes": _processes(),
            "pid": str(owner.pid),
            "started": repr(owner.started),
        }
        body = V1ConfigMap(metadata=metadata, data=data)

        def write(core: CoreV1Api) -> V1ConfigMap:
            if self._found is None:
                return core.create_namespaced_config_map(self.namespace, body, _request_timeout=REQUEST_SECONDS)
            return core.replace_namespaced_config_map(self.name, self.namespace, body, _request_timeout=REQUEST_SECONDS)

        expected = frozenset({CONFLICT, NOT_FOUND} if self._found else {CONFLICT})
        if ask(self._cluster, f"write the ConfigMap {self.name}", write, expected=expected) is None:
            raise self._under_way()
        self._signs.begin()

    def _renew(self, sign: dict[str, str]) -> None:
        def renew(core: CoreV1Api) -> None:
            body = {"metadata": {"annotations": sign}}
            core.patch_namespaced_config_map(self.name, self.namespace, body, _request_timeout=REQUEST_SECONDS)

        ask(self._cluster, f"renew the ConfigMap {self.name}", renew)

    def end(self) -> None:
        """Removes the entry: what is there now is proved, put back, or meant to stay."""
        self._signs.end()

        def delete(core: CoreV1Api) -> object:
            return core.delete_namespaced_config_map(self.name, self.namespace, _request_timeout=REQUEST_SECONDS)

        ask(self._cluster, f"delete the ConfigMap {self.name}", delete, expected=frozenset({NOT_FOUND}))


def _was_killed(found: V1ConfigMap, data: dict[str, str]) -> bool:
    """On this host that is seen at once; of another one, by its signs of life."""
    if data.get("processes") and data["processes"] == _processes():
        with suppress(KeyError, ValueError):
            return not Owner(int(data["pid"]), float(data["started"])).alive
    annotations = found.metadata.annotations if found.metadata is not None else None
    return is_abandoned({"metadata": {"annotations": annotations}}, datetime.now(UTC))


def _processes() -> str:
    """Tells the processes that this one sees from those of other hosts and containers; empty where that cannot be told."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""
