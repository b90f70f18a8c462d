"""The cluster target: the release as Helm installs it, on real kubelets, in a namespace of its own."""

from __future__ import annotations

from pathlib import Path

from chart_harness.clusters.cluster import Cluster
from promotion_gate.manifests import Judged
from promotion_gate.targets.cluster.namespace import VerificationNamespace, delete_abandoned
from promotion_gate.targets.cluster.place import Place
from promotion_gate.targets.cluster.release import install, substitutions
from promotion_gate.targets.cluster.release_target import ReleaseTarget
from promotion_gate.targets.cluster.running import RunningRelease, Surroundings
from promotion_gate.targets.cluster.secrets import copy_secrets
from promotion_gate.targets.target import PlaceKind
from promotion_gate.workload import Workload, read_workload


class ClusterTarget(ReleaseTarget):
    """Runs the release `judged` in the cluster of a place. The pods' logs go to `directory`."""

    kind: PlaceKind = "cluster"

    def __init__(self, place: Place, judged: Judged, directory: Path) -> None:
        super().__init__(place, judged, directory)
        self._namespace: VerificationNamespace | None = None

    def _begin(self, cluster: Cluster, workload: Workload) -> RunningRelease:
        delete_abandoned(cluster)
        self._place.provide(cluster, [workload.image])
        self._namespace = VerificationNamespace(cluster, workload.name, workload.namespace)
        self._namespace.create()
        copy_secrets(cluster, workload, self._namespace.name)
        installed = install(self._judged, cluster, self._namespace.name)
        replaced = substitutions(workload, read_workload(installed))
        around = Surroundings(cluster, self._namespace.name, self._place.prometheus, self._place.patience)
        return RunningRelease(around, workload, installed.objects, self._directory, replaced)

    def _end(self) -> None:
        if self._namespace is not None:
            self._namespace.delete()
