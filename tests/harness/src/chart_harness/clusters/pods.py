"""A pod of the cluster: what it is, and running commands in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kubernetes.utils.quantity import parse_quantity

from chart_harness.clusters.cluster import TIMEOUT_SECONDS, Cluster, ClusterError
from chart_harness.clusters.objects import POD, Objects


@dataclass(frozen=True)
class Pod:
    """A pod as it was when it was looked up. Immutable; threads may share it."""

    cluster: Cluster
    object: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.object["metadata"]["name"])

    @property
    def namespace(self) -> str:
        return str(self.object["metadata"]["namespace"])

    @property
    def ip(self) -> str:
        """Its address in the cluster. Raises ClusterError while it has none."""
        address = (self.object.get("status") or {}).get("podIP")
        if not address:
            raise ClusterError(f"Pod {self.name} has no address yet: wait until it is ready.")
        return str(address)

    @property
    def restarts(self) -> int:
        """How often the kubelet has started one of its containers again."""
        return sum(container["restartCount"] for container in self.statuses)

    @property
    def statuses(self) -> list[Mapping[str, Any]]:
        """What Kubernetes reports of each of its containers, init containers first."""
        status = self.object.get("status") or {}
        return [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]

    @property
    def memory_limit(self) -> int:
        """The memory limits of its containers together, in bytes. Raises ClusterError when one has none."""
        total = 0
        for container in self.object["spec"]["containers"]:
            limit = ((container.get("resources") or {}).get("limits") or {}).get("memory")
            if limit is None:
                raise ClusterError(f"Container {container['name']} of pod {self.name} has no memory limit: set one.")
            total += in_bytes(limit)
        return total

    def port(self, *names: str) -> int:
        """The container port of the first of these names that there is, else its only port. Raises ClusterError without one."""
        ports = [port for container in self.object["spec"]["containers"] for port in container.get("ports") or ()]
        by_name = {port.get("name"): int(port["containerPort"]) for port in ports}
        for name in names:
            if name in by_name:
                return by_name[name]
        if len(ports) == 1:
            return int(ports[0]["containerPort"])
        raise ClusterError(
            f"Pod {self.name} has no port named {' or '.join(names)}; its ports are {sorted(map(str, by_name))}."
        )

    def run(self, *command: str, stdin: str = "", container: str = "", timeout: float = TIMEOUT_SECONDS) -> str:
        """Run a command in a container (default: the first) and return what it wrote to standard output.

        `timeout` is in seconds. Raises ClusterError with all that it wrote when it fails or takes longer.
        """
        where = ["--container", container] if container else []
        return self.cluster.kubectl(
            "exec",
            "--namespace",
            self.namespace,
            self.name,
            *where,
            "--stdin",
            "--",
            *command,
            stdin=stdin,
            timeout=timeout,
        )


def in_bytes(quantity: str) -> int:
    """A Kubernetes quantity of memory, such as 368Mi, in bytes."""
    return int(parse_quantity(quantity))  # type: ignore[no-untyped-call]


def pods(cluster: Cluster, namespace: str, selector: str = "") -> list[Pod]:
    """The pods that are there to stay, sorted by name: those being deleted are left out. Raises ClusterError."""
    with Objects(cluster) as objects:
        found = objects.all(POD, namespace, selector)
    present = [item for item in found if not item["metadata"].get("deletionTimestamp")]
    return [Pod(cluster, item) for item in sorted(present, key=lambda item: str(item["metadata"]["name"]))]
