"""The cluster target: the release as Helm installs it, on real kubelets, in a namespace of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from chart_harness.clusters.cluster import ClusterError
from chart_harness.errors import RenderError
from chart_harness.helm import HelmError
from promotion_gate.evidence import MemoryUse, MetricsPage, PodLog, PodState, ProcessEnvironment
from promotion_gate.manifests import Judged
from promotion_gate.targets.cluster.namespace import VerificationNamespace, delete_abandoned
from promotion_gate.targets.cluster.place import Place
from promotion_gate.targets.cluster.release import install, substitutions
from promotion_gate.targets.cluster.running import RunningRelease
from promotion_gate.targets.cluster.secrets import copy_secrets
from promotion_gate.targets.target import PlaceKind, TargetError
from promotion_gate.workload import Workload, read_workload


class ClusterTarget:
    """Runs the release `judged` in the cluster of a place. The pods' logs go to `directory`."""

    def __init__(self, place: Place, judged: Judged, directory: Path) -> None:
        self.name, self.fit_for_promotion, self.note = place.name, place.fit_for_promotion, place.note
        self.kind: PlaceKind = "cluster"
        self.identity = ""
        self._place, self._judged, self._directory = place, judged, directory
        self._namespace: VerificationNamespace | None = None
        self._release: RunningRelease | None = None

    def start(self, workload: Workload) -> None:
        try:
            self._start(workload)
        except (ClusterError, RenderError, HelmError) as error:
            raise TargetError(str(error)) from error

    def _start(self, workload: Workload) -> None:
        cluster = self._place.open()
        delete_abandoned(cluster)
        self._place.provide(cluster, [workload.image])
        self._namespace = VerificationNamespace(cluster, workload.name, workload.namespace)
        self._namespace.create()
        copy_secrets(cluster, workload, self._namespace.name)
        installed = install(self._judged, cluster, self._namespace.name)
        replaced = substitutions(workload, read_workload(installed))
        self._release = RunningRelease(cluster, self._namespace.name, workload, replaced, self._directory)
        self._release.watch_memory()

    def pods(self) -> tuple[PodState, ...]:
        return self._release.pods() if self._release else ()

    def addresses(self) -> Mapping[str, str]:
        return self._release.addresses() if self._release else {}

    def logs(self) -> tuple[PodLog, ...]:
        return self._release.logs() if self._release else ()

    def environments(self) -> tuple[ProcessEnvironment, ...]:
        return self._release.environments() if self._release else ()

    def memory(self) -> tuple[MemoryUse, ...]:
        return self._release.memory() if self._release else ()

    def metrics(self) -> tuple[MetricsPage, ...]:
        return self._release.metrics() if self._release else ()

    def stop(self) -> None:
        """Raises TargetError if the namespace does not go; what else was started is stopped all the same."""
        try:
            if self._release is not None:
                self._release.close()
            if self._namespace is not None:
                self._namespace.delete()
        except ClusterError as error:
            raise TargetError(str(error)) from error
        finally:
            self._place.close()
