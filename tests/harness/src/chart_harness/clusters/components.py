"""What runs in a test cluster beside the services: the network plugin, metrics-server, Prometheus, the collector, a broker.

Each component is a manifest in components/, the images that must be in the node before it is applied, and what is ready when it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chart_harness.clusters.cluster import Cluster
from chart_harness.clusters.complaints import pod_complaint
from chart_harness.clusters.objects import DEPLOYMENT, POD, Kind, Object
from chart_harness.clusters.waits import Waiting, WorkloadFailed, wait_for
from chart_harness.clusters.watching import Snapshot
from cluster_images.crds import prometheus_operator_crds

MANIFESTS = Path(__file__).parent / "components"
READY_SECONDS = 180.0

NODE = Kind("Node", "nodes")
DAEMON_SET = Kind("DaemonSet", "daemonsets", "apps")
STATEFUL_SET = Kind("StatefulSet", "statefulsets", "apps")
API_SERVICE = Kind("APIService", "apiservices", "apiregistration.k8s.io")


@dataclass(frozen=True)
class Wanted:
    """An object that must be ready: the only one of its kind if it has no name."""

    kind: Kind
    name: str = ""
    namespace: str = ""

    def __str__(self) -> str:
        what = f"{self.kind.name} {self.name}" if self.name else f"the {self.kind.name.lower()}"
        return f"{what} in {self.namespace}" if self.namespace else what


@dataclass(frozen=True)
class Component:
    """One part of a test cluster."""

    name: str
    """Its manifest is components/<name>.yaml."""
    images: tuple[str, ...] = ()
    """Names in the table of images."""
    wanted: tuple[Wanted, ...] = ()


# In the order in which they are applied, which is the order in which their images are loaded: the node cannot be Ready without the first.
COMPONENTS = (
    Component(
        "cilium",
        ("cilium", "cilium-operator"),
        (Wanted(NODE), Wanted(DAEMON_SET, "cilium", "kube-system"), Wanted(DEPLOYMENT, "coredns", "kube-system")),
    ),
    Component("namespaces"),
    Component(
        "metrics-server",
        ("metrics-server",),
        (Wanted(DEPLOYMENT, "metrics-server", "kube-system"), Wanted(API_SERVICE, "v1beta1.metrics.k8s.io")),
    ),
    Component(
        "prometheus-operator",
        ("prometheus-operator", "prometheus-config-reloader"),
        (Wanted(DEPLOYMENT, "prometheus-operator", "monitoring"),),
    ),
    Component(
        "monitoring",
        ("prometheus", "alertmanager"),
        (
            Wanted(STATEFUL_SET, "prometheus-main", "monitoring"),
            Wanted(STATEFUL_SET, "alertmanager-main", "monitoring"),
        ),
    ),
    Component("collector", ("collector",), (Wanted(DEPLOYMENT, "opentelemetry-collector", "monitoring"),)),
    Component("rabbitmq", ("rabbitmq",), (Wanted(DEPLOYMENT, "rabbitmq", "messaging"),)),
    Component("publisher", ("reference-service",), (Wanted(DEPLOYMENT, "publisher", "messaging"),)),
)


def apply_definitions(cluster: Cluster) -> None:
    """Apply the kinds that the Prometheus Operator adds, and wait until the cluster knows them. Raises ClusterError."""
    folder = prometheus_operator_crds()
    cluster.kubectl("apply", "--server-side", "--filename", str(folder))
    cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", "--filename", str(folder))


def apply(cluster: Cluster, component: Component) -> None:
    """Apply a component's manifest; the images must be in the node. Raises ClusterError."""
    cluster.kubectl("apply", "--server-side", "--filename", str(MANIFESTS / f"{component.name}.yaml"))


def content(components: Iterable[Component]) -> str:
    """A hash of all that is applied."""
    digest = hashlib.sha256()
    for component in components:
        digest.update((MANIFESTS / f"{component.name}.yaml").read_bytes())
    return digest.hexdigest()


def until_ready(cluster: Cluster, components: Iterable[Component], *, deadline: float = READY_SECONDS) -> Snapshot:
    """Wait until all of these components are ready; returns the objects as they are then.

    `deadline` is in seconds. Raises WorkloadFailed at once when an image is missing, WaitTimeout at the deadline.
    """
    wanted = [item for component in components for item in component.wanted]

    def ready(state: Snapshot) -> Snapshot:
        for pod in state[POD]:
            complaint = pod_complaint(pod)
            if complaint and complaint.reason in {"ErrImagePull", "ImagePullBackOff", "InvalidImageName"}:
                raise WorkloadFailed(complaint)
        missing = [str(item) for item in wanted if not is_ready(item, state)]
        if missing:
            raise Waiting(", ".join([f"not ready: {'; '.join(missing)}", *_complaints(state[POD])]))
        return state

    kinds = list(dict.fromkeys([POD, *(item.kind for item in wanted)]))
    return wait_for(ready, "the cluster's components", cluster=cluster, namespace="", kinds=kinds, deadline=deadline)


def _complaints(pods: Iterable[Object]) -> Iterator[str]:
    return (str(complaint) for complaint in map(pod_complaint, pods) if complaint)


def is_ready(wanted: Wanted, state: Mapping[Kind, Sequence[Object]]) -> bool:
    """Whether the object is there, and says of itself that it is ready as it was last asked to be."""
    found = [item for item in state[wanted.kind] if _is(wanted, item["metadata"])]
    return bool(found) and all(_says_ready(wanted.kind, item) for item in found)


def _is(wanted: Wanted, metadata: Mapping[str, Any]) -> bool:
    if not wanted.name:
        return True
    return (metadata["name"], metadata.get("namespace", "")) == (wanted.name, wanted.namespace)


def _says_ready(kind: Kind, item: Object) -> bool:
    status = item.get("status") or {}
    if kind in {NODE, API_SERVICE}:
        condition = "Ready" if kind == NODE else "Available"
        return any(c["type"] == condition and c["status"] == "True" for c in status.get("conditions") or ())
    if status.get("observedGeneration", 0) < item["metadata"]["generation"]:
        return False
    if kind == DAEMON_SET:
        return 0 < int(status.get("desiredNumberScheduled", 0)) <= int(status.get("numberAvailable", 0))
    return int(item["spec"].get("replicas", 1)) <= int(status.get("availableReplicas", 0))
