"""Pods that a rollout replaces, and what for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from chart_harness.blast_radius.change import Difference, Kind
from chart_harness.blast_radius.objects import Object, named, pod_template
from chart_harness.blast_radius.quantities import quantity
from chart_harness.blast_radius.tree import MISSING, differences

_ROLLED_OUT = frozenset({"Deployment", "StatefulSet", "DaemonSet"})
_CONTAINER = re.compile(r"spec\.(initContainers|containers)(\[[^]]+\]\.?)?")


def restart(before: Object, after: Object) -> Iterator[Difference]:
    """The restart of the pods, when both forms of a workload ask for different ones."""
    if after["kind"] not in _ROLLED_OUT:
        return
    one, other = (_completed(pod_template(item)) for item in (before, after))
    reasons = sorted(
        {_reason(path) for path, _, _ in differences(one, other, whole=lambda _, *values: MISSING in values)}
    )
    if reasons:
        yield Difference(Kind.PODS_RESTART, named(after), f"because of {', '.join(reasons)}")


def _completed(value: Any, key: str = "") -> Any:
    """The template as the API server keeps it: 1024Mi is 1Gi there, and a port without a protocol is of TCP."""
    if isinstance(value, dict):
        completed = {name: _completed(item, name) for name, item in value.items()}
        if key == "ports[]":
            completed.setdefault("protocol", "TCP")
        return completed
    if isinstance(value, list):
        return [_completed(item, f"{key}[]") for item in value]
    if key in {"memory", "cpu", "sizeLimit", "ephemeral-storage"} and quantity(value) is not None:
        return str(quantity(value))
    return value


def _reason(path: str) -> str:
    inner = _CONTAINER.sub("", path).removeprefix("spec.").removeprefix("metadata.")
    return re.split(r"[.\[]", inner)[0] or "containers"
