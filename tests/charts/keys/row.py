"""What a test needs to know of one key of the values: a value, and the place in the render that shows it.

A module of this folder holds `RENDERS: dict[str, Row]`, by the key as values-schema.json has it, with `*` for a name that the
values choose: "metrics.serviceMonitor.relabelings.*.regex". tests/charts/test_values_keys.py collects all modules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from chart_harness.layers import over
from chart_harness.render import PROMETHEUS_OPERATOR_CRDS, Release

# `shows` of a row that is content with any difference.
ANYTHING = object()


@dataclass(frozen=True)
class Row:
    """How the key is seen in what is rendered for staging.

    Attributes:
        value: what the key is set to.
        where: the place that must change, or a part of its path from the left: "ServiceMonitor spec.endpoints[0].interval",
            "Deployment env.METRICS_PATH"; "Service" or "Service/aaa-api-web" for an object that comes, goes or changes.
        shows: what is at that place then; None when it is gone.
        service: whose render is looked at.
        given: values that both renders have, with and without the key.
        name: what stands for each `*` of the key.
        environment: an environment of the service.
        api_versions: what the cluster knows, where that matters; the operator's kinds where it is not said.
        stops: how the sentence begins that the value leads to, for a key that alone decides only whether it renders.
    """

    value: Any
    where: str
    shows: Any = ANYTHING
    service: str = "aaa-api"
    given: Mapping[str, Any] = field(default_factory=dict)
    name: str = "x"
    environment: str = "staging"
    api_versions: tuple[str, ...] = PROMETHEUS_OPERATOR_CRDS
    stops: str = ""

    def overrides(self, key: str, value: Any) -> dict[str, Any]:
        """The given values, and `value` for the key."""
        return over(self.given, self.only(key, value))

    def only(self, key: str, value: Any) -> dict[str, Any]:
        """`value` for the key, and nothing else."""
        nested = value
        for part in reversed(key.split(".")):
            nested = {self.name if part == "*" else part: nested}
        return dict(nested)


def places(release: Release) -> dict[str, Any]:
    """Every scalar that is rendered, by "Kind/name path"; container variables by "Kind/name env.NAME"."""
    return {
        f"{item['kind']}/{item['metadata']['name']} {path}": value
        for item in release.objects
        for path, value in _leaves(item, "")
    }


def is_at(place: str, where: str) -> bool:
    """Whether `place` is what a row's `where` says, or inside it."""
    named, _, path = place.partition(" ")
    wanted, _, wanted_path = where.partition(" ")
    if wanted not in {named, named.partition("/")[0]}:
        return False
    return not wanted_path or path == wanted_path or path.startswith((f"{wanted_path}.", f"{wanted_path}["))


def _leaves(node: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(node, Mapping) and node:
        for key, value in node.items():
            yield from _leaves(value, f"{path}.{key}" if path else str(key))
    elif isinstance(node, list | tuple) and node:
        if path.endswith("].env"):
            for variable in node:
                yield from _leaves(variable.get("value", variable.get("valueFrom")), f"env.{variable['name']}")
        else:
            for index, value in enumerate(node):
                yield from _leaves(value, f"{path}[{index}]")
    else:
        yield path, node
