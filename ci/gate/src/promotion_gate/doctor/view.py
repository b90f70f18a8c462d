"""What the doctor saw of a release that runs: plain immutable data, handed to the diagnoses.

A part that could not be had is a `Missing` with its reason, so that no diagnosis can mistake it for "nothing wrong".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chart_harness.checks.pod_template import environment
from chart_harness.clusters.prometheus import Target
from promotion_gate.contract import Contract
from promotion_gate.evidence import LogLine, MetricsPage, Missing, ProcessEnvironment
from promotion_gate.targets.cluster.pods import container_status, running_container
from promotion_gate.workload import CONTAINER, Workload

Object = Mapping[str, Any]
"""An object of the API, as `kubectl get -o json` shows it, or as a chart renders it."""

INSTANCE = "app.kubernetes.io/instance"


@dataclass(frozen=True)
class Installed:
    """The release as Helm has it in the cluster."""

    revision: int
    status: str
    """Helm's word: `deployed`, `failed`, `pending-upgrade` …"""
    objects: tuple[Object, ...]
    values: Mapping[str, Any]
    """What it was given on top of the chart's own values."""


@dataclass(frozen=True)
class Pod:
    """A pod of the release that is there to stay."""

    object: Object
    current: bool
    """Whether it is of the Deployment's present revision."""
    log: tuple[LogLine, ...] | Missing
    """The last lines of the run that is on."""
    previous_log: tuple[LogLine, ...] | Missing
    """The last lines of the run before; Missing if there was none."""
    environments: tuple[ProcessEnvironment, ...] | Missing
    page: MetricsPage | Missing
    """Its metrics page, fetched through the API server: no NetworkPolicy, Service or monitor is on that way."""

    @property
    def name(self) -> str:
        return str(self.object["metadata"]["name"])

    @property
    def runs(self) -> bool:
        """Whether its container runs now."""
        return bool(running_container(self.object))

    @property
    def ready(self) -> bool:
        conditions = (self.object.get("status") or {}).get("conditions") or ()
        return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)

    def age(self, now: datetime) -> float | None:
        """Seconds since its container was started; None if it does not run."""
        running = (container_status(self.object).get("state") or {}).get("running") or {}
        return (now - datetime.fromisoformat(running["startedAt"])).total_seconds() if running else None

    def lines(self) -> tuple[LogLine, ...]:
        """All lines there are, the run before first."""
        return tuple(line for part in (self.previous_log, self.log) if not isinstance(part, Missing) for line in part)


@dataclass(frozen=True)
class Around:
    """A namespace beside the release's, such as Prometheus' or the collector's, and what calls or is called there."""

    namespace: str
    labels: Mapping[str, str]
    """Of the namespace."""
    service: Object | None
    """The Service that is asked for by its name; None if there is none."""
    pods: tuple[Object, ...]
    """Those that the Service selects."""


@dataclass(frozen=True)
class Dial:
    """An attempt to connect to where a pod pushes, made from inside that pod."""

    pod: str
    endpoint: str
    reached: bool
    said: str = ""
    """Why not, in the system's words."""


@dataclass(frozen=True)
class View:
    """All that was seen, at one time."""

    taken_at: datetime
    service: str
    environment: str
    namespace: str
    declared: Workload
    """What the checkout's chart says."""
    rendered: tuple[Object, ...]
    values: Mapping[str, Any]
    """What the checkout's files set."""
    contract: Contract
    installed: Installed | Missing | None
    """None if Helm has no such release in the namespace."""
    deployment: Object | Missing | None
    replica_sets: tuple[Object, ...] | Missing
    pods: tuple[Pod, ...] | Missing
    services: tuple[Object, ...] | Missing
    """All of the namespace, as are monitors and policies."""
    monitors: tuple[Object, ...] | Missing
    """ServiceMonitors and PodMonitors."""
    policies: tuple[Object, ...] | Missing
    """NetworkPolicies of the namespace, of Prometheus' and of the collector's."""
    prometheuses: tuple[Object, ...] | Missing
    """The operator's Prometheus objects of the whole cluster."""
    prometheus: Around | Missing
    namespace_labels: Mapping[str, str] | Missing
    targets: tuple[Target, ...] | Missing
    """What Prometheus scrapes in the namespace."""
    pushed: tuple[MetricsPage, ...] | Missing
    """What each worker pushed last, as Prometheus has it; empty for a release that is scraped."""
    collector: Around | Missing | None
    """Where the chart's endpoint leads to; None for a release that is scraped, or one that pushes out of the cluster."""
    dials: tuple[Dial, ...] | Missing

    @property
    def pulled(self) -> bool:
        """Whether Prometheus is to scrape it: metrics are on, and not pushed."""
        return not self.declared.pushes and self.metrics_on

    @property
    def metrics_on(self) -> bool:
        """Whether the chart switches metrics on."""
        return is_on(self.declared.literal("PROMETHEUS_METRICS_ENABLE", "true"))

    @property
    def running(self) -> tuple[Pod, ...]:
        """The pods whose container runs; empty where pods are Missing."""
        return () if isinstance(self.pods, Missing) else tuple(pod for pod in self.pods if pod.runs)

    def installed_deployment(self) -> Object | None:
        """The Deployment as Helm last sent it."""
        if isinstance(self.installed, Missing) or self.installed is None:
            return None
        return next(
            (
                item
                for item in self.installed.objects
                if item["kind"] == "Deployment" and item["metadata"]["name"] == self.declared.name
            ),
            None,
        )


def is_on(value: str) -> bool:
    """A switch as the library reads it; empty means its default, on."""
    return value.lower() not in {"false", "0"}


def app_container(owner: Object) -> Object:
    """The judged container of a Deployment or a pod; empty if it has none."""
    spec = owner["spec"]["template"]["spec"] if "template" in owner["spec"] else owner["spec"]
    found: Object = next((c for c in spec.get("containers") or () if c["name"] == CONTAINER), {})
    return found


def literal(owner: Object, name: str) -> str | None:
    """The value that the manifest of a Deployment or pod sets an env var to; None if it sets none, or none that it spells out."""
    value = environment(app_container(owner)).get(name, {}).get("value")
    return None if value is None else str(value)
