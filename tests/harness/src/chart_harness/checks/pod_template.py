"""The pods a release runs, and whether a label selector matches labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chart_harness.render import Release

Object = Mapping[str, Any]

_CONTROLLERS = frozenset({"DaemonSet", "Deployment", "Job", "ReplicaSet", "StatefulSet"})


def pod_templates(release: Release) -> Iterator[tuple[str, Object]]:
    """Kind and name, and pod template, of all that runs pods, in the order they were rendered; Helm's test pods not."""
    for item in release.objects:
        owner = f"{item['kind']} {item['metadata']['name']}"
        if item["kind"] in _CONTROLLERS:
            yield owner, item["spec"]["template"]
        elif item["kind"] == "CronJob":
            yield owner, item["spec"]["jobTemplate"]["spec"]["template"]


def containers(template: Object) -> tuple[Object, ...]:
    """The containers of a pod template, the init containers not among them."""
    return tuple(template["spec"].get("containers", ()))


def all_containers(template: Object) -> tuple[Object, ...]:
    """The containers of a pod template, those that run before the others too."""
    return tuple(template["spec"].get("initContainers", ())) + containers(template)


def environment(container: Object) -> dict[str, Object]:
    """The container's env entries by name; of a name that is there twice the last one, as the kubelet has it."""
    return {entry["name"]: entry for entry in container.get("env", ())}


def selects(selector: Object, labels: Object) -> bool:
    """Whether a selector of matchLabels alone matches; an empty one matches everything, as in Kubernetes.

    Raises ValueError for matchExpressions, which are not evaluated here.
    """
    if selector.get("matchExpressions"):
        raise ValueError("The selector has matchExpressions, which this check cannot evaluate: use matchLabels.")
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())
