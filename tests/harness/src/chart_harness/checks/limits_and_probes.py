"""Every container says what it needs and may use, and every one that stays can be asked whether it is well."""

from __future__ import annotations

from decimal import Decimal

from chart_harness.checks.pod_template import Object, all_containers, containers, pod_templates
from chart_harness.render import Release

PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
_WAYS = frozenset({"exec", "grpc", "httpGet", "tcpSocket"})
_UNITS = {
    **{f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", start=1)},
    **{letter: Decimal(1000) ** power for power, letter in enumerate("kMGTPE", start=1)},
    "m": Decimal("0.001"),
}


def limits_and_probes(release: Release) -> list[str]:
    """What is missing: requests of cpu and memory, a memory limit not below its request, and three probes with one way to ask.

    A cpu limit is not asked for: it slows a process down where the node has time to spare.
    """
    problems = []
    templates = list(pod_templates(release))
    for owner, template in templates:
        for container in all_containers(template):
            where = f"{owner}, container {container['name']}"
            problems += [f"{where} {problem}." for problem in _limits(container.get("resources", {}))]
        for container in containers(template):
            where = f"{owner}, container {container['name']}"
            ports = {port.get("name") for port in container.get("ports", ())}
            for probe in PROBES:
                asked = container.get(probe)
                if not asked:
                    problems.append(f"{where} has no {probe}.")
                    continue
                if len(_WAYS & set(asked)) != 1:
                    problems.append(f"{where}: its {probe} must ask in one way: {', '.join(sorted(_WAYS))}.")
                port = asked.get("httpGet", {}).get("port")
                if isinstance(port, str) and port not in ports:
                    problems.append(f"{where}: its {probe} asks port {port}, which no port is named.")
    return problems if templates else ["The release runs no pods."]


def _limits(resources: Object) -> list[str]:
    requests, limits = resources.get("requests", {}), resources.get("limits", {})
    problems = [f"asks for no {name}" for name in ("cpu", "memory") if not requests.get(name)]
    if not limits.get("memory"):
        return [*problems, "has no memory limit"]
    if requests.get("memory") and _amount(requests["memory"]) > _amount(limits["memory"]):
        problems.append(f"asks for {requests['memory']} of memory and may use {limits['memory']}: raise the limit")
    return problems


def _amount(quantity: object) -> Decimal:
    """A Kubernetes quantity as a number: 368Mi, 1G, 200m, 1."""
    text = str(quantity)
    suffix = text.lstrip("0123456789.")
    return Decimal(text[: len(text) - len(suffix)]) * _UNITS.get(suffix, Decimal(1))
