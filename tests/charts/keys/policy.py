"""Rows of who may talk to whom."""

from __future__ import annotations

from typing import Any

from tests.charts.keys.row import Row

# The labels of the defaults: without them addresses can be given instead.
NOTHING = {"matchLabels": {"kubernetes.io/metadata.name": None, "app.kubernetes.io/name": None}}
NOBODY = {"namespaceSelector": NOTHING, "podSelector": NOTHING}
PORTS = {"ports": {"x": 5432}}


def given(peer: str, value: dict[str, Any]) -> dict[str, Any]:
    """Values that both renders have of a peer, as `peers.x`."""
    for part in reversed(peer.split(".")):
        value = {part: value}
    return {"metrics": {"networkPolicy": value}}


def peer_rows(key: str, where: str, service: str, rest: dict[str, Any]) -> dict[str, Row]:
    """Rows of the ways in which a peer says where it runs: each changes one place of the peer's rule."""
    peer = key.replace("*", "x")
    place = f"NetworkPolicy spec.{where}"
    named = "*" in key
    nobody: dict[str, Any] = {} if named else NOBODY
    rows = {
        f"{selector}.matchLabels.*": Row(
            "y", place, "y", service, given(peer, {selector: {"matchLabels": {"a": "b"}}, **rest})
        )
        for selector in ("namespaceSelector", "podSelector")
    }
    block = {"cidr": "10.0.0.0/8"}
    rows["ipBlock.cidr"] = Row(
        "10.96.0.0/16", place, "10.96.0.0/16", service, given(peer, {**nobody, "ipBlock": block, **rest})
    )
    rows["ipBlock.except"] = Row(
        ["10.1.0.0/16"], place, "10.1.0.0/16", service, given(peer, {**nobody, "ipBlock": block, **rest})
    )
    if named:
        rows["service"] = Row("assets-api", place, "assets-api", service, given(peer, {"service": "intel-api", **rest}))
    return {f"metrics.networkPolicy.{key}.{name}": row for name, row in rows.items()}


RENDERS: dict[str, Row] = {
    "metrics.networkPolicy.enabled": Row(value=False, where="NetworkPolicy"),
    "metrics.networkPolicy.defaultDeny": Row(value=True, where="NetworkPolicy spec.policyTypes[1]", shows="Egress"),
    **peer_rows("dns", "egress[0].to[0]", "event-recorder", {}),
    **peer_rows("prometheus", "ingress[0].from[0]", "aaa-api", {}),
    **peer_rows("collector", "egress[1].to[0]", "event-recorder", {}),
    **peer_rows("peers.*", "ingress", "aaa-api", {}),
    **peer_rows("egress.*", "egress", "event-recorder", PORTS),
    "metrics.networkPolicy.egress.*.ports.*": Row(
        5433, "NetworkPolicy spec.egress", 5433, "event-recorder", given("egress.x", {"service": "intel-api", **PORTS})
    ),
}
