"""Gathers what can be seen of a release that runs. It only reads: the one thing it starts are commands in the pods' containers, which
read /proc and try the collector's port.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from chart_harness.clusters.cluster import Cluster, ClusterError
from chart_harness.clusters.logs import logs
from chart_harness.clusters.objects import DEPLOYMENT, NAMESPACE, NETWORK_POLICY, POD, REPLICA_SET, Kind, Objects
from chart_harness.clusters.pods import Pod as ClusterPod
from chart_harness.clusters.probes import environment_of
from chart_harness.clusters.prometheus import SERVICE as PROMETHEUS
from chart_harness.clusters.prometheus import Prometheus, proxy
from chart_harness.clusters.rollout import newest_replica_set, pods_of
from chart_harness.errors import RenderError
from chart_harness.fleet import values_files
from chart_harness.helm import HelmError
from chart_harness.layers import over
from chart_harness.render import Release, render
from promotion_gate.contract import contract_for
from promotion_gate.doctor.diagnoses.collector import ENDPOINT, in_cluster
from promotion_gate.doctor.diagnoses.not_stored import interval
from promotion_gate.doctor.dialling import dial
from promotion_gate.doctor.installed import installed
from promotion_gate.doctor.view import Around, Dial, Object, Pod, View
from promotion_gate.evidence import MetricsPage, Missing, ProcessEnvironment
from promotion_gate.log_lines import parse_log
from promotion_gate.plan import load_plan
from promotion_gate.progress import Progress
from promotion_gate.scrape import scrape
from promotion_gate.sources import layered_values
from promotion_gate.targets.cluster import pushed
from promotion_gate.targets.cluster.forwards import Forwards
from promotion_gate.targets.cluster.pods import container_status, running_container
from promotion_gate.workload import CONTAINER, Workload, read_workload

T = TypeVar("T")

LINES = 1000
"""Of each log, from its end."""

_SERVICE = Kind("Service", "services")
_SERVICE_MONITOR = Kind("ServiceMonitor", "servicemonitors", "monitoring.coreos.com")
_POD_MONITOR = Kind("PodMonitor", "podmonitors", "monitoring.coreos.com")
_PROMETHEUS = Kind("Prometheus", "prometheuses", "monitoring.coreos.com")


@dataclass(frozen=True)
class Patient:
    """The release to look at, and what the checkout says of it."""

    service: str
    environment: str
    namespace: str
    release: Release
    workload: Workload
    root: Path
    overrides: dict[str, Any]


def patient(root: Path, service: str, environment: str, namespace: str, overrides: dict[str, Any]) -> Patient:
    """Renders the checkout for the namespace. Raises RenderError, FleetError or WorkloadError, each one sentence."""
    chart, files = values_files(root, service, environment)
    crds = root / "charts" / "crds"
    release = render(
        chart,
        name=service,
        namespace=namespace,
        values=files,
        overrides=overrides,
        crds=crds if crds.is_dir() else None,
    )
    return Patient(service, environment, namespace, release, read_workload(release), root, overrides)


def look(patient: Patient, cluster: Cluster, progress: Progress, prometheus: str = PROMETHEUS) -> View:
    """All that can be seen of it now; `prometheus` is namespace/service:port. What cannot be had is Missing, with its reason.

    Raises ClusterError only where the cluster does not answer at all, PlanError for a gate.yaml that cannot be used.
    """
    with Objects(cluster) as objects:
        namespace = objects.get(NAMESPACE, patient.namespace)
        progress.stage(f"looking at {patient.service} in namespace {patient.namespace}")
        return _Look(patient, cluster, objects, prometheus).view(namespace, progress)


class _Look:
    """One look. For one thread."""

    def __init__(self, patient: Patient, cluster: Cluster, objects: Objects, prometheus: str) -> None:
        self._patient, self._cluster, self._objects, self._prometheus = patient, cluster, objects, prometheus
        self._namespace, self._workload = patient.namespace, patient.workload

    def view(self, namespace: Object | None, progress: Progress) -> View:
        patient, workload = self._patient, self._workload
        deployment = seen(lambda: self._objects.get(DEPLOYMENT, workload.name, self._namespace))
        replica_sets = seen(lambda: self._list(REPLICA_SET))
        progress.stage("looking at the pods, their logs and processes")
        pods = seen(lambda: self._pods(deployment, replica_sets))
        progress.stage("asking Prometheus, Helm and the API")
        prometheus = seen(lambda: self._around(*self._prometheus.partition(":")[0].split("/", 1)))
        collector = self._collector()
        return View(
            taken_at=datetime.now(UTC),
            service=patient.service,
            environment=patient.environment,
            namespace=self._namespace,
            declared=workload,
            rendered=tuple(patient.release.objects),
            values=over(layered_values(patient.root, patient.service, patient.environment), patient.overrides),
            contract=contract_for(
                workload, load_plan(patient.root / "charts" / "services" / patient.service / "gate.yaml")
            ),
            installed=seen(lambda: installed(self._cluster, self._namespace, patient.service)),
            deployment=deployment,
            replica_sets=replica_sets,
            pods=pods,
            services=seen(lambda: self._list(_SERVICE)),
            monitors=seen(lambda: (*self._list(_SERVICE_MONITOR), *self._list(_POD_MONITOR))),
            policies=seen(lambda: self._policies(prometheus, collector)),
            prometheuses=seen(lambda: tuple(self._objects.all(_PROMETHEUS))),
            prometheus=prometheus,
            namespace_labels=Missing(f"there is no namespace {self._namespace}")
            if namespace is None
            else dict(namespace["metadata"].get("labels") or {}),
            targets=seen(self._targets),
            pushed=seen(self._pushed) if workload.pushes else (),
            collector=collector,
            dials=seen(lambda: self._dials(pods)) if workload.pushes else (),
        )

    def _list(self, kind: Kind, namespace: str = "") -> tuple[Object, ...]:
        # items of a list do not say their kind
        found = self._objects.all(kind, namespace or self._namespace)
        return tuple(
            {**item, "kind": kind.name} for item in sorted(found, key=lambda item: str(item["metadata"]["name"]))
        )

    def _pods(self, deployment: Object | Missing | None, replica_sets: tuple[Object, ...] | Missing) -> tuple[Pod, ...]:
        if deployment is None:
            return ()
        if isinstance(deployment, Missing) or isinstance(replica_sets, Missing):
            raise ClusterError(next(part.reason for part in (deployment, replica_sets) if isinstance(part, Missing)))
        found = [item for item in self._list(POD) if not item["metadata"].get("deletionTimestamp")]
        newest = newest_replica_set(deployment, replica_sets)
        names = {item["metadata"]["name"] for item in pods_of(newest, found)} if newest is not None else set()
        ours = [item for owner in replica_sets for item in pods_of(owner, found) if pods_of(deployment, [owner])]
        forwards = Forwards(self._cluster, self._namespace, self._workload.metrics_port)
        try:
            return tuple(self._pod(item, item["metadata"]["name"] in names, forwards) for item in ours)
        finally:
            forwards.close()

    def _pod(self, item: Object, current: bool, forwards: Forwards) -> Pod:
        name, status = str(item["metadata"]["name"]), container_status(item)
        waits, runs = bool((status.get("state") or {}).get("waiting")), bool(running_container(item))
        gone = Missing(f"the container of {name} does not run")
        return Pod(
            object=item,
            current=current,
            log=gone if waits else seen(lambda: self._log(name, previous=False)),
            previous_log=seen(lambda: self._log(name, previous=True))
            if status.get("restartCount")
            else Missing(f"{name} was not restarted"),
            environments=seen(lambda: self._environments(item)) if runs else gone,
            page=self._page(name, forwards) if runs else gone,
        )

    def _log(self, pod: str, *, previous: bool) -> Any:
        text = logs(self._cluster, self._namespace, pod, container=CONTAINER, previous=previous, tail=LINES)
        return parse_log(text.split("\n"))

    def _environments(self, item: Object) -> tuple[ProcessEnvironment, ...]:
        name = str(item["metadata"]["name"])
        found = environment_of(ClusterPod(self._cluster, item))
        if unreadable := [process.pid for process in found if not process.environment]:
            raise ClusterError(f"the environment of process {unreadable[0]} of {name} cannot be read")
        return tuple(ProcessEnvironment(name, p.pid, Path(p.command[0]).name, p.environment) for p in found)

    def _page(self, pod: str, forwards: Forwards) -> MetricsPage | Missing:
        if self._workload.pushes:
            return Missing("the release pushes and has no page")
        if not self._workload.metrics_port:
            return Missing("the chart names no METRICS_PORT")
        return seen(lambda: scrape(pod, forwards.url(pod) + self._workload.metrics_path))

    def _around(self, namespace: str, service: str) -> Around:
        found = self._objects.get(_SERVICE, service, namespace)
        space = self._objects.get(NAMESPACE, namespace)
        selector = {} if found is None else found["spec"].get("selector") or {}
        wanted = ",".join(f"{key}={value}" for key, value in selector.items())
        pods = self._objects.all(POD, namespace, wanted) if wanted else []
        labels = {} if space is None else space["metadata"].get("labels") or {}
        return Around(
            namespace, labels, found, tuple(pod for pod in pods if not pod["metadata"].get("deletionTimestamp"))
        )

    def _collector(self) -> Around | Missing | None:
        endpoint = in_cluster(self._workload.literal(ENDPOINT), self._namespace)
        return None if endpoint is None else seen(lambda: self._around(endpoint.namespace, endpoint.service))

    def _policies(self, *others: Around | Missing | None) -> tuple[Object, ...]:
        namespaces = [self._namespace, *(one.namespace for one in others if isinstance(one, Around))]
        return tuple(policy for name in dict.fromkeys(namespaces) for policy in self._list(NETWORK_POLICY, name))

    def _targets(self) -> Any:
        with Prometheus(self._cluster, self._prometheus) as prometheus:
            return tuple(prometheus.targets(self._namespace))

    def _pushed(self) -> tuple[MetricsPage, ...]:
        job = f'{{job="{self._namespace}/{self._workload.literal("OTEL_SERVICE_NAME", self._workload.name)}"}}'
        seconds = 4 * interval(self._workload) + 60
        answer = self._objects.raw(f"{proxy(self._prometheus)}/api/v1/query", {"query": f"{job}[{seconds:.0f}s]"})
        return pushed.pages(answer["data"]["result"])

    def _dials(self, pods: tuple[Pod, ...] | Missing) -> tuple[Dial, ...]:
        if isinstance(pods, Missing):
            raise ClusterError(pods.reason)
        return tuple(dial(self._cluster, pod) for pod in pods if pod.runs and not isinstance(pod.environments, Missing))


def seen(look: Callable[[], T]) -> T | Missing:
    """What `look` returns, or why it does not."""
    try:
        return look()
    except (ClusterError, HelmError, RenderError) as error:
        return Missing(" ".join(str(error).split()).rstrip("."))
