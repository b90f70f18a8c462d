"""Fields of what runs pods: selectors, replicas, containers."""

from __future__ import annotations

import re
from typing import Any

from chart_harness.blast_radius.change import Kind
from chart_harness.blast_radius.objects import WORKLOADS
from chart_harness.blast_radius.reach import selectors
from chart_harness.blast_radius.row import Row, amount
from chart_harness.blast_radius.tree import MISSING, text

_POD = r"(.*\.)?"
_CONTAINER = _POD + r"spec\.(initContainers|containers)\[(?P<container>[^]]+)\]"
_NAME = r"[.\[](?P<name>[^\[\]]+)\]?"  # memory, or [example.com/gpu]
_HOST = "hostNetwork|hostPID|hostIPC|hostUsers|serviceAccountName|serviceAccount|automountServiceAccountToken"


def _selector(value: Any) -> str | None:
    return None if value is MISSING else selectors.words(value) or "everything"


def _variable(entry: Any) -> str | None:
    """The value of an env entry, or where it comes from."""
    if entry is MISSING:
        return None
    return text(entry["valueFrom"]) if entry.get("valueFrom") else f'"{entry.get("value") or ""}"'


def _port(entry: Any) -> str | None:
    return None if entry is MISSING else f"{entry.get('containerPort')} {entry.get('protocol')}"


def _row(path: str, kind: Any, what: str = "{path}", **more: Any) -> Row:
    return Row(WORKLOADS, re.compile(path), kind, what, **more)


ROWS = (
    # A Deployment's selector cannot be edited, so no other spelling of the same one is the same here.
    _row(r"spec\.selector", Kind.SELECTOR_CHANGED, "selector", show=_selector),
    _row(r"spec\.replicas", amount(Kind.REPLICAS_LOWERED, Kind.REPLICAS_RAISED, none=1), "replicas"),
    _row(_CONTAINER, Kind.FIELD_CHANGED, "container {container}", only_whole=True),
    _row(rf"{_CONTAINER}\.image", Kind.IMAGE_CHANGED, "image of container {container}"),
    _row(
        rf"{_CONTAINER}\.resources\.limits{_NAME}",
        amount(Kind.LIMIT_LOWERED, Kind.LIMIT_RAISED),
        "{name} limit of container {container}",
    ),
    _row(
        rf"{_CONTAINER}\.resources\.requests{_NAME}",
        amount(Kind.FIELD_CHANGED, Kind.FIELD_CHANGED, none=0),
        "{name} request of container {container}",
    ),
    _row(rf"{_CONTAINER}\.env\[(?P<name>[^]]+)\]", Kind.ENV_CHANGED, "{name} of container {container}", show=_variable),
    _row(rf"{_CONTAINER}\.(env|envFrom)(\[.*)?", Kind.ENV_CHANGED, "{path}", deep=True),
    _row(
        rf"{_CONTAINER}\.ports\[(?P<name>[^]]+)\]",
        Kind.PORT_CHANGED,
        "port {name} of container {container}",
        show=_port,
    ),
    _row(rf"{_CONTAINER}\.ports(\[.*)?", Kind.PORT_CHANGED, "ports of container {container}", deep=True),
    _row(rf"{_CONTAINER}\.(?P<name>[a-z]+Probe.*)", Kind.PROBE_CHANGED, "{name} of container {container}", deep=True),
    _row(
        rf"{_CONTAINER}\.(?P<name>securityContext.*)",
        Kind.SECURITY_CHANGED,
        "{name} of container {container}",
        deep=True,
    ),
    _row(rf"{_POD}spec\.(?P<name>(securityContext|{_HOST}).*)", Kind.SECURITY_CHANGED, "{name} of the pods", deep=True),
    _row(rf"{_CONTAINER}\.(?P<name>.*)", Kind.FIELD_CHANGED, "{name} of container {container}", deep=True),
    _row(
        rf"{_POD}template\.metadata\.annotations\[(?P<name>prometheus\.io/[^]]+)\]",
        Kind.SCRAPE_CHANGED,
        "annotation {name} of the pods",
    ),
)
