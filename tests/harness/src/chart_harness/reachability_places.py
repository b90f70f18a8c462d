"""The places of an environment between which calls are made: the pods of its services, the platform's, and strangers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from chart_harness.checks.pod_template import containers, environment, pod_templates
from chart_harness.render import Release

NAMESPACE = "kubernetes.io/metadata.name"  # Kubernetes puts it on every namespace
NAME = "app.kubernetes.io/name"
UNUSED_PORT = 9999
"""A port that nobody listens on: whoever may call it may call every port."""


@dataclass(frozen=True)
class Port:
    """A port that is tried; immutable."""

    number: int
    protocol: str = "TCP"
    name: str = ""

    def __str__(self) -> str:
        return f"{self.number}/{self.protocol}"


@dataclass(frozen=True)
class Place:
    """A pod, or with an empty namespace an address outside the cluster; immutable."""

    name: str
    """What reports call it: a service's name for a service's pods."""
    ip: str
    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[Port, ...] = ()
    service: bool = False
    """Whether it is a pod of a service of this environment."""

    @property
    def namespace_labels(self) -> dict[str, str]:
        return {NAMESPACE: self.namespace} if self.namespace else {}

    def tried(self) -> tuple[Port, ...]:
        """The ports that calls to it are tried on: its own, and one that nobody has."""
        return (*self.ports, Port(UNUSED_PORT))


def _pod(name: str, number: int, namespace: str, *ports: Port, app: str | None = None) -> Place:
    return Place(name, f"10.96.0.{number}", namespace, {NAME: app or name}, ports)


PLATFORM: tuple[Place, ...] = (
    _pod("prometheus", 1, "monitoring", Port(9090)),
    _pod("opentelemetry-collector", 2, "monitoring", Port(4317), Port(4318)),
    _pod("dns", 3, "kube-system", Port(53, "UDP"), Port(53), app="coredns"),
    _pod("rabbitmq", 4, "messaging", Port(5672), Port(15672)),
    _pod("postgresql", 5, "databases", Port(5432)),
    _pod("redis", 6, "databases", Port(6379)),
    _pod("opensearch", 7, "databases", Port(9200)),
    _pod("ingress", 8, "ingress", Port(443)),
)
"""What the fleet's values name beside its own services: who calls it, and whom it calls."""


def places(releases: Sequence[Release], namespace: str, others: Sequence[str] = ()) -> list[Place]:
    """Everybody in and around an environment.

    Arguments:
        releases: those of the environment. Pods of two releases never share labels, so a place stands for all of a Deployment's.
        others: namespaces of other environments, where each service has a twin of the same name that must stay a stranger.
    """
    services = [place for index, release in enumerate(releases) for place in _services(release, namespace, index)]
    return [*services, *PLATFORM, *_strangers(services, namespace, others)]


def _services(release: Release, namespace: str, index: int) -> Iterator[Place]:
    templates = list(pod_templates(release))
    for position, (owner, template) in enumerate(templates):
        ports = {
            Port(port["containerPort"], port.get("protocol", "TCP"), port.get("name", ""))
            for container in containers(template)
            for port in container.get("ports", ())
        }
        told = {
            Port(int(environment(container)["METRICS_PORT"]["value"]))
            for container in containers(template)
            if "METRICS_PORT" in environment(container)
        }
        told = {port for port in told if port.number not in {known.number for known in ports}}
        yield Place(
            name=release.name if len(templates) == 1 else owner.partition(" ")[2],
            ip=f"10.244.{index}.{position + 1}",
            namespace=namespace,
            labels=dict(template["metadata"].get("labels", {})),
            ports=tuple(sorted(ports | told, key=lambda port: (port.number, port.protocol))),
            service=True,
        )


def _strangers(services: Sequence[Place], namespace: str, others: Sequence[str]) -> Iterator[Place]:
    """Who must get nowhere: pods that look like somebody else's, and pods and addresses that nobody names."""
    yield Place("a pod of the namespace", "10.245.0.1", namespace, {"app": "stranger"})
    yield Place("a pod of another namespace", "10.245.0.2", "elsewhere", {"app": "stranger"}, (Port(80), Port(443)))
    yield Place("a false prometheus", "10.245.0.3", namespace, {NAME: "prometheus"})
    yield Place("the internet", "203.0.113.7", ports=(Port(80), Port(443)))
    for number, other in enumerate(others):
        for position, place in enumerate(services):
            yield Place(f"{place.name} of {other}", f"10.246.{number}.{position + 1}", other, place.labels)
