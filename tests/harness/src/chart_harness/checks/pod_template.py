"""The pods a release runs, and whether a label selector matches labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chart_harness.render import Release

Object = Mapping[str, Any]


def pod_templates(release: Release) -> Iterator[tuple[str, Object]]:
    """Name and pod template of every Deployment, in the order they were rendered."""
    for deployment in release.of_kind("Deployment"):
        yield f"Deployment {deployment['metadata']['name']}", deployment["spec"]["template"]


def containers(template: Object) -> tuple[Object, ...]:
    """The containers of a pod template, the init containers not among them."""
    return tuple(template["spec"].get("containers", ()))


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
