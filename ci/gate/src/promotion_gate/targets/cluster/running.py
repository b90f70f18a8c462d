"""A release that runs in a namespace, and all that can be seen of it there."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from math import ceil
from pathlib import Path

from chart_harness.clusters.cluster import Cluster, ClusterError
from chart_harness.clusters.complaints import workload_complaint
from chart_harness.clusters.logs import logs
from chart_harness.clusters.objects import POD, REPLICA_SET, Object, Objects
from chart_harness.clusters.pods import Pod
from chart_harness.clusters.probes import environment_of
from chart_harness.clusters.prometheus import SERVICE as PROMETHEUS
from promotion_gate.evidence import MemoryUse, MetricsPage, PodLog, PodState, ProcessEnvironment, Substitution
from promotion_gate.log_lines import parse_log
from promotion_gate.scrape import scrape
from promotion_gate.targets.cluster import pushed
from promotion_gate.targets.cluster.forwards import Forwards
from promotion_gate.targets.cluster.memory import MemoryWatch
from promotion_gate.targets.cluster.pods import container_status, pod_state, running_container
from promotion_gate.workload import CONTAINER, Workload


class RunningRelease:
    """Looks at the pods of a workload in its namespace, which holds no others. For one thread.

    Every method raises ClusterError for what the cluster does not give, so that it becomes missing evidence.
    """

    def __init__(
        self,
        cluster: Cluster,
        namespace: str,
        workload: Workload,
        substitutions: tuple[Substitution, ...],
        directory: Path,
    ) -> None:
        self._cluster, self._namespace, self._workload = cluster, namespace, workload
        self._substitutions, self._directory = substitutions, directory
        self._began = time.monotonic()
        self._objects = Objects(cluster)
        self._forwards = Forwards(cluster, namespace, workload.metrics_port)
        self._memory = MemoryWatch(cluster, namespace, workload.memory_limit)

    def watch_memory(self) -> None:
        """Starts to sample the memory of every container, from its start."""
        self._memory.start()

    def _found(self) -> list[Object]:
        return sorted(self._objects.all(POD, self._namespace), key=lambda pod: str(pod["metadata"]["name"]))

    def pods(self) -> tuple[PodState, ...]:
        found = self._found()
        if not found:  # PodSecurity or a quota refuses them before they exist; only their ReplicaSet is told
            for owner in self._objects.all(REPLICA_SET, self._namespace):
                if complaint := workload_complaint({**owner, "kind": REPLICA_SET.name}):
                    raise ClusterError(str(complaint))
        return tuple(pod_state(pod, self._workload.image) for pod in found)

    def addresses(self) -> Mapping[str, str]:
        if self._workload.metrics_port not in self._workload.ports.values():
            return {}
        return {name: self._forwards.url(name) for name in self._running()}

    def _running(self) -> list[str]:
        return [str(pod["metadata"]["name"]) for pod in self._found() if running_container(pod)]

    def logs(self) -> tuple[PodLog, ...]:
        """Of each container the run before this one, if there was one, and this one; kubelets keep no earlier ones.

        They are also written to <directory>/<pod>/log.
        """
        return tuple(self._log(pod) for pod in self._found())

    def _log(self, pod: Object) -> PodLog:
        name, status = str(pod["metadata"]["name"]), container_status(pod)
        text = ""
        if status.get("restartCount"):
            text += logs(self._cluster, self._namespace, name, container=CONTAINER, previous=True)
        if not (status.get("state") or {}).get("waiting"):
            text += logs(self._cluster, self._namespace, name, container=CONTAINER)
        folder = self._directory / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "log").write_text(text, encoding="utf-8")
        return PodLog(name, parse_log(text.split("\n")))

    def environments(self) -> tuple[ProcessEnvironment, ...]:
        return tuple(found for pod in self._found() if running_container(pod) for found in self._environments_of(pod))

    def _environments_of(self, pod: Object) -> list[ProcessEnvironment]:
        found = environment_of(Pod(self._cluster, pod))
        name = str(pod["metadata"]["name"])
        for process in found:
            if not process.environment:
                raise ClusterError(f"the environment of process {process.pid} of {name} cannot be read")
        return [
            ProcessEnvironment(name, p.pid, Path(p.command[0]).name, p.environment, self._substitutions) for p in found
        ]

    def memory(self) -> tuple[MemoryUse, ...]:
        return self._memory.uses(self._found())

    def metrics(self) -> tuple[MetricsPage, ...]:
        if self._workload.pushes:
            lifetime = ceil(time.monotonic() - self._began) + 60  # and what clocks may differ
            query = f"{pushed.selector(self._namespace)}[{lifetime}s]"
            answer = self._objects.raw(f"{PROMETHEUS}/api/v1/query", {"query": query})
            return pushed.pages(answer["data"]["result"])
        return tuple(self._page(pod) for pod in self._running())

    def _page(self, pod: str) -> MetricsPage:
        """One scrape, over a connection of its own. A port-forward that broke says nothing of the pod, so then there is another."""
        path = self._workload.metrics_path
        try:
            page = scrape(pod, self._forwards.url(pod) + path)
            if not page.status and self._forwards.broken(pod):
                page = scrape(pod, self._forwards.url(pod) + path)
        except ClusterError as error:
            now = datetime.now(UTC)
            return MetricsPage(pod, "pull", path, now, 0, fault=str(error), received_at=now)
        return page

    def close(self) -> None:
        """Ends what looks at the release; safe twice."""
        self._memory.stop()
        self._forwards.close()
        self._objects.close()
