"""What the targets in a cluster have in common: all that can be seen of a release, once there is one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from chart_harness.clusters.cluster import Cluster, ClusterError
from chart_harness.errors import RenderError
from chart_harness.helm import HelmError
from promotion_gate.evidence import (
    Connection,
    CpuUse,
    MemoryUse,
    MetricsPage,
    PodLog,
    PodState,
    ProcessEnvironment,
    RuleState,
    ScrapeTarget,
)
from promotion_gate.manifests import Judged
from promotion_gate.targets.cluster import api
from promotion_gate.targets.cluster.place import Place
from promotion_gate.targets.cluster.running import RunningRelease
from promotion_gate.targets.target import PlaceKind, TargetError
from promotion_gate.workload import Workload


class ReleaseTarget:
    """A target in the cluster of a place. Before `start` nothing is seen. The pods' logs go to `directory`."""

    kind: PlaceKind

    def __init__(self, place: Place, judged: Judged, directory: Path) -> None:
        self.name, self.fit_for_promotion, self.note = place.name, place.fit_for_promotion, place.note
        self.identity = ""
        self._place, self._judged, self._directory = place, judged, directory
        self._release: RunningRelease | None = None

    def start(self, workload: Workload) -> None:
        try:
            cluster = self._place.open()
            self.identity = self._identify(cluster)
            self._release = self._begin(cluster, workload)
            self._release.watch_usage()
        except (ClusterError, RenderError, HelmError) as error:
            raise TargetError(str(error)) from error

    def _identify(self, cluster: Cluster) -> str:
        return api.identity(cluster)

    def _begin(self, cluster: Cluster, workload: Workload) -> RunningRelease:
        """The release in the cluster. Raises ClusterError, RenderError, HelmError or TargetError."""
        raise NotImplementedError

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

    def cpu(self) -> tuple[CpuUse, ...]:
        return self._release.cpu() if self._release else ()

    def metrics(self) -> tuple[MetricsPage, ...]:
        return self._release.metrics() if self._release else ()

    def scrape_targets(self) -> tuple[ScrapeTarget, ...]:
        return self._release.scrape_targets() if self._release else ()

    def rules(self) -> tuple[RuleState, ...]:
        return self._release.rules() if self._release else ()

    def connections(self) -> tuple[Connection, ...]:
        return self._release.connections() if self._release else ()

    def stop(self) -> None:
        """Raises TargetError if what was started does not go; what else was started is stopped all the same."""
        try:
            if self._release is not None:
                self._release.close()
            self._end()
        except ClusterError as error:
            raise TargetError(str(error)) from error
        finally:
            self._place.close()

    def _end(self) -> None:
        """Removes what `_begin` put into the cluster. Raises ClusterError."""
