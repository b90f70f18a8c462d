"""What the chart says: the rendered Deployment of a release, read into plain data.

Everything the gate compares against comes from here, so a key of the chart that is not read here is not judged.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from kubernetes.utils.quantity import parse_quantity

from chart_harness.render import Release, RenderError

ROLE_LABEL = "app.kubernetes.io/component"
CONTAINER = "app"


class WorkloadError(Exception):
    """The release is not one that the gate can judge; the message is one sentence that says what to change."""


@dataclass(frozen=True)
class EnvVar:
    """An env var of the container: a literal `value` (which may hold `$(OTHER)`), or a `field` of the pod, or a secret's key."""

    name: str
    value: str = ""
    field: str = ""
    secret: str = ""
    optional: bool = False


@dataclass(frozen=True)
class Probe:
    """A probe as rendered; times in seconds. Exactly one of `command` (exec) and `path` (httpGet) is set."""

    command: tuple[str, ...] = ()
    path: str = ""
    port: int = 0
    initial_delay: float = 0
    period: float = 10
    timeout: float = 1
    success_threshold: int = 1
    failure_threshold: int = 3


@dataclass(frozen=True)
class Workload:
    """One Deployment with one container, as rendered."""

    name: str
    namespace: str
    role: str
    replicas: int
    labels: Mapping[str, str]
    image: str
    command: tuple[str, ...]
    env: tuple[EnvVar, ...]
    ports: Mapping[str, int]
    memory_limit: int | None
    """Bytes; None if the chart sets no limit."""
    readiness: Probe | None
    liveness: Probe | None
    startup: Probe | None
    grace_seconds: float

    def literal(self, name: str, default: str = "") -> str:
        """The rendered literal value of an env var; of two with one name the later counts, as in Kubernetes."""
        return next((var.value for var in reversed(self.env) if var.name == name), default)

    @property
    def workers(self) -> int:
        """Worker processes of a pod that record metrics."""
        return int(self.literal("WEB_CONCURRENCY", "1"))

    @property
    def pushes(self) -> bool:
        """Whether its metrics are pushed over OTLP, not pulled from its page."""
        return bool(self.literal("OTEL_EXPORTER_OTLP_ENDPOINT"))

    @property
    def metrics_port(self) -> int:
        return int(self.literal("METRICS_PORT", "0"))

    @property
    def metrics_path(self) -> str:
        return self.literal("METRICS_PATH", "/metrics")

    @property
    def custom_labels(self) -> frozenset[str]:
        """Names of the constant labels that every series carries."""
        pairs = self.literal("CUSTOM_LABELS").split(",")
        return frozenset(pair.split("=", 1)[0].strip() for pair in pairs if "=" in pair)


def read_workload(release: Release) -> Workload:
    """The release's Deployment as a `Workload`.

    Raises WorkloadError if the release has not exactly one Deployment with a container named `app`, no role label, or a value
    that Kubernetes would not take.
    """
    deployments = release.of_kind("Deployment")
    if len(deployments) > 1:
        names = ", ".join(sorted(str(item["metadata"]["name"]) for item in deployments))
        raise WorkloadError(
            f"{release.chart} has the Deployments {names}, and the gate cannot judge metrics.units yet: "
            "make each unit a service of its own to have it verified."
        )
    try:
        deployment = release.one("Deployment")
    except RenderError as error:
        raise WorkloadError(f"{release.chart}: {error}") from None
    try:
        return _read(release, deployment)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        fault = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise WorkloadError(f"{release.chart}: its Deployment is not one that Kubernetes takes: {fault}.") from None


def _read(release: Release, deployment: Mapping[str, Any]) -> Workload:
    template = deployment["spec"]["template"]
    where = f"Deployment {deployment['metadata']['name']} of {release.chart}"
    names = [container["name"] for container in template["spec"]["containers"]]
    if names != [CONTAINER]:
        found = ", ".join(sorted(names)) or "none"
        raise WorkloadError(f"{where} has the containers {found}: the gate judges one container named {CONTAINER!r}.")
    container, labels = template["spec"]["containers"][0], template["metadata"].get("labels", {})
    unread = [key for key, part in (("envFrom", container), ("initContainers", template["spec"])) if part.get(key)]
    if unread:
        raise WorkloadError(f"{where} has {' and '.join(unread)}, which the gate cannot run yet.")
    if ROLE_LABEL not in labels:
        raise WorkloadError(
            f"{where}: the pod template has no label {ROLE_LABEL}, so its role is unknown; set metrics.role."
        )
    ports = {port["name"]: int(port["containerPort"]) for port in container.get("ports", ())}
    limit = container.get("resources", {}).get("limits", {}).get("memory")
    workload = Workload(
        name=deployment["metadata"]["name"],
        namespace=release.namespace,
        role=labels[ROLE_LABEL],
        replicas=int(deployment["spec"].get("replicas", 1)),
        labels=dict(labels),
        image=container["image"],
        command=(*container.get("command", ()), *container.get("args", ())),
        env=tuple(_env_var(var, where) for var in container.get("env", ())),
        ports=ports,
        memory_limit=None if limit is None else _bytes(str(limit)),
        readiness=_probe(container.get("readinessProbe"), ports, where),
        liveness=_probe(container.get("livenessProbe"), ports, where),
        startup=_probe(container.get("startupProbe"), ports, where),
        grace_seconds=float(template["spec"].get("terminationGracePeriodSeconds", 30)),
    )
    for name, default in (("WEB_CONCURRENCY", "1"), ("METRICS_PORT", "1")):
        value = workload.literal(name, default)
        if not value.isdecimal() or not int(value):
            raise WorkloadError(f"{where}: env {name} is {value!r}; it must be a whole number above 0.")
    return workload


def _bytes(quantity: str) -> int:
    return int(Decimal(parse_quantity(quantity)))  # type: ignore[no-untyped-call]


def _env_var(var: Mapping[str, Any], where: str) -> EnvVar:
    source = var.get("valueFrom")
    if source is None:
        value = "" if var.get("value") is None else var["value"]
        if not isinstance(value, str):
            raise WorkloadError(f"{where}: env {var['name']} is {value!r}, which is not text; quote it in the chart.")
        return EnvVar(var["name"], value=value)
    if "fieldRef" in source:
        return EnvVar(var["name"], field=source["fieldRef"]["fieldPath"])
    if "secretKeyRef" in source:
        key = source["secretKeyRef"]
        return EnvVar(var["name"], secret=f"{key['name']}/{key['key']}", optional=bool(key.get("optional", False)))
    raise WorkloadError(
        f"{where}: env {var['name']} comes from {', '.join(source)}, which the gate cannot resolve yet."
    )


def _probe(probe: Mapping[str, Any] | None, ports: Mapping[str, int], where: str) -> Probe | None:
    if probe is None:
        return None
    timing = Probe(
        initial_delay=float(probe.get("initialDelaySeconds", 0)),
        period=float(probe.get("periodSeconds", 10)),
        timeout=float(probe.get("timeoutSeconds", 1)),
        success_threshold=int(probe.get("successThreshold", 1)),
        failure_threshold=int(probe.get("failureThreshold", 3)),
    )
    if "exec" in probe:
        return replace(timing, command=tuple(probe["exec"]["command"]))
    if "httpGet" in probe:
        port = probe["httpGet"]["port"]
        if isinstance(port, str) and port not in ports:
            raise WorkloadError(
                f"{where}: a probe names port {port!r}; the container has {', '.join(ports) or 'none'}."
            )
        number = ports[port] if isinstance(port, str) else int(port)
        return replace(timing, path=probe["httpGet"].get("path", "/"), port=number)
    raise WorkloadError(f"{where}: a probe is neither exec nor httpGet, the two kinds that the gate can run.")


_REFERENCE = re.compile(r"\$(?:\$|\(([^)]*)\))")


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Replaces `$(NAME)` as Kubernetes does: `$$` is a dollar, and a name that is not known stays as it is written."""

    def value(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        return variables.get(match[1], match[0])

    return _REFERENCE.sub(value, text)


def resolve_env(
    env: Sequence[EnvVar], facts: Mapping[str, str], replaced: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The environment that a pod must have: literals expanded in order, fields of the pod filled in.

    `facts` maps field paths of the downward API to values; `replaced` overrides an env var's value before later ones expand it.
    A secret's variable is left out unless it is replaced: its value is not in the manifests. Raises WorkloadError on a field
    without a fact.
    """
    resolved: dict[str, str] = {}
    for var in env:
        if replaced and var.name in replaced:
            value = replaced[var.name]
            resolved[var.name] = value if var.secret or var.field else expand(value, resolved)
        elif var.secret:
            continue
        elif var.field:
            if var.field not in facts:
                raise WorkloadError(
                    f"env {var.name} reads the pod's field {var.field}, which this target does not know."
                )
            resolved[var.name] = facts[var.field]
        else:
            resolved[var.name] = expand(var.value, resolved)
    return resolved
