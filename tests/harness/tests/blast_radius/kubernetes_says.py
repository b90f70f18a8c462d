"""Whether NetworkPolicies let one connection through, asked one connection at a time as the API's documentation has it.

Written apart from `chart_harness.blast_radius.reach`, of which nothing is used here: it is what the tests hold that against.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

OWN_NAMESPACE = "staging"
NAMESPACES: dict[str, dict[str, str]] = {
    "staging": {"kubernetes.io/metadata.name": "staging"},
    "other": {"kubernetes.io/metadata.name": "other", "tier": "b"},
    "third": {"kubernetes.io/metadata.name": "third", "tier": "z"},
}


@dataclass(frozen=True)
class Peer:
    """A pod (its namespace and labels), or an address outside of the cluster."""

    namespace: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    address: str = ""


@dataclass(frozen=True)
class Port:
    """What is called: a number, and the protocol."""

    number: int
    protocol: str = "TCP"


def allows(policies: Sequence[Mapping[str, Any]], peer: Peer, port: Port, *, names: Mapping[str, int]) -> bool:
    """Whether the pods that all these policies select may be called by the peer on the port; `names` are the pods' TCP ports."""
    closing = [policy["spec"] for policy in policies if "Ingress" in policy["spec"].get("policyTypes", ["Ingress"])]
    if not closing:
        return True
    return any(_rule(rule, peer, port, names) for spec in closing for rule in spec.get("ingress") or [])


def _rule(rule: Mapping[str, Any], peer: Peer, port: Port, names: Mapping[str, int]) -> bool:
    peers, ports = rule.get("from"), rule.get("ports")
    return (not peers or any(_peer(one, peer) for one in peers)) and (
        not ports or any(_port(one, port, names) for one in ports)
    )


def _peer(allowed: Mapping[str, Any], peer: Peer) -> bool:
    if "ipBlock" in allowed:
        if not peer.address:
            return False
        block, address = allowed["ipBlock"], ipaddress.ip_address(peer.address)
        return address in ipaddress.ip_network(block["cidr"]) and not any(
            address in ipaddress.ip_network(one) for one in block.get("except", [])
        )
    if peer.address:
        return False
    namespaces = allowed.get("namespaceSelector")
    if namespaces is None and peer.namespace != OWN_NAMESPACE:
        return False
    if not _selects(namespaces or {}, NAMESPACES[peer.namespace]):
        return False
    return _selects(allowed.get("podSelector") or {}, dict(peer.labels))


def _selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    for key, value in selector.get("matchLabels", {}).items():
        if labels.get(key) != value:
            return False
    for expression in selector.get("matchExpressions", []):
        key, values = expression["key"], expression.get("values", [])
        met = {
            "In": key in labels and labels[key] in values,
            "NotIn": key not in labels or labels[key] not in values,
            "Exists": key in labels,
            "DoesNotExist": key not in labels,
        }[expression["operator"]]
        if not met:
            return False
    return True


def _port(allowed: Mapping[str, Any], port: Port, names: Mapping[str, int]) -> bool:
    if allowed.get("protocol", "TCP") != port.protocol:
        return False
    value = allowed.get("port")
    if value is None:
        return True
    if isinstance(value, str):
        return port.protocol == "TCP" and names.get(value) == port.number
    return bool(value <= port.number <= allowed.get("endPort", value))
