"""A release that runs in a namespace, and all that can be seen of it there."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from pathlib import Path
from typing import Any

from chart_harness.clusters.cluster import Cluster, ClusterError
from chart_harness.clusters.complaints import workload_complaint
from chart_harness.clusters.logs import logs
from chart_harness.clusters.objects import POD, REPLICA_SET, Objects
from chart_harness.clusters.pods import Pod
from chart_harness.clusters.probes import environment_of
from chart_harness.clusters.prometheus import SERVICE as PROMETHEUS
from chart_harness.clusters.prometheus import Prometheus, proxy
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
    Substitution,
)
from promotion_gate.log_lines import parse_log
from promotion_gate.scrape import scrape
from promotion_gate.targets.cluster import pushed, scraped
from promotion_gate.targets.cluster.connections import try_connections
from promotion_gate.targets.cluster.forwards import Forwards
from promotion_gate.targets.cluster.pods import container_status, pod_state, running_container
from promotion_gate.targets.cluster.policies import selector_text
from promotion_gate.targets.cluster.usage import UsageWatch
from promotion_gate.workload import CONTAINER, Workload

Object = Mapping[str, Any]


@dataclass(frozen=True)
class Surroundings:
    """Where a release runs, and what is around it there; immutable."""

    cluster: Cluster
    namespace: str
    prometheus: str = PROMETHEUS
    """namespace/service:port"""
    patience: float = 90.0
    """Seconds that Prometheus may take to hear of a monitor or a rule and to look at it once."""
    shared: bool = False
    """Whether other releases, and earlier pods of this one, are in the namespace."""


class RunningRelease:
    """Looks at the pods of a workload, those that its Deployment selects. For one thread.

    Every method raises ClusterError for what the cluster does not give, so that it becomes missing evidence.
    """

    def __init__(
        self,
        around: Surroundings,
        workload: Workload,
        objects: Sequence[Object],
        directory: Path,
        substitutions: tuple[Substitution, ...] = (),
    ) -> None:
        """`objects` are the release's, rendered for its namespace; the pods' logs go to `directory`."""
        self._around, self._workload, self._objects = around, workload, objects
        self._substitutions, self._directory = substitutions, directory
        deployment = next(item for item in objects if item["kind"] == "Deployment")
        self._selector = selector_text(deployment["spec"]["selector"])
        self._cluster, self._namespace = around.cluster, around.namespace
        self._began = time.monotonic()
        self._api = Objects(around.cluster)
        self._forwards = Forwards(around.cluster, around.namespace, workload.metrics_port)
        self._usage = UsageWatch(around.cluster, around.namespace, self._selector, workload.memory_limit)

    def watch_usage(self) -> None:
        """Starts to sample memory and CPU time of every container, from its start."""
        self._usage.start()

    def _found(self) -> list[Object]:
        pods = self._api.all(POD, self._namespace, self._selector)
        if self._around.shared:  # those of the revision before may take their time to end
            pods = [pod for pod in pods if not pod["metadata"].get("deletionTimestamp")]
        return sorted(pods, key=lambda pod: str(pod["metadata"]["name"]))

    def pods(self) -> tuple[PodState, ...]:
        found = self._found()
        if not found:  # PodSecurity or a quota refuses them before they exist; only their ReplicaSet is told
            for owner in self._api.all(REPLICA_SET, self._namespace, self._selector):
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
        return self._usage.memory(self._found())

    def cpu(self) -> tuple[CpuUse, ...]:
        return self._usage.cpu(self._found())

    def metrics(self) -> tuple[MetricsPage, ...]:
        if self._workload.pushes:
            lifetime = ceil(time.monotonic() - self._began) + 60  # and what clocks may differ
            service = self._workload.literal("OTEL_SERVICE_NAME") if self._around.shared else ""
            query = f"{pushed.selector(self._namespace, service)}[{lifetime}s]"
            answer = self._api.raw(f"{proxy(self._around.prometheus)}/api/v1/query", {"query": query})
            pages = pushed.pages(answer["data"]["result"])
            return self._of_pods_now(pages) if self._around.shared else pages
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

    def _of_pods_now(self, pages: tuple[MetricsPage, ...]) -> tuple[MetricsPage, ...]:
        """Without what the pods before these pushed; a page that names no pod stays, for it is a fault."""
        now = {"", *(str(pod["metadata"]["name"]) for pod in self._found())}
        return tuple(page for page in pages if page.pod in now)

    def scrape_targets(self) -> tuple[ScrapeTarget, ...]:
        if self._workload.pushes:
            return ()
        with Prometheus(self._cluster, self._around.prometheus) as prometheus:
            return scraped.scrape_targets(prometheus, self._namespace, self._running, self._around.patience)

    def rules(self) -> tuple[RuleState, ...]:
        with Prometheus(self._cluster, self._around.prometheus) as prometheus:
            return scraped.rules(prometheus, self._api, self._namespace, self._objects, self._around.patience)

    def connections(self) -> tuple[Connection, ...]:
        ports = sorted(set(self._workload.ports.values()))
        pods = [pod for pod in self._found() if running_container(pod)]
        return try_connections(self._cluster, self._namespace, self._objects, pods, ports)

    def close(self) -> None:
        """Ends what looks at the release; safe twice."""
        self._usage.stop()
        self._forwards.close()
        self._api.close()
