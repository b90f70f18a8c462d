"""Whether NetworkPolicies let a connection through: pure functions from the objects, as the API's documentation defines them.

A connection needs both sides: the egress of its source and the ingress of its destination. A side that no policy selects is open.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Object = Mapping[str, Any]
Protocol = Literal["TCP", "UDP", "SCTP"]


@dataclass(frozen=True)
class Place:
    """A pod of the cluster, as policies see it; immutable."""

    name: str
    namespace: str
    labels: Mapping[str, str]
    ip: str = ""
    namespace_labels: Mapping[str, str] = field(default_factory=dict)
    ports: Mapping[str, int] = field(default_factory=dict)
    """Its named container ports."""


def lets_through(
    policies: Iterable[Object], source: Place, target: Place, port: int, protocol: Protocol = "TCP"
) -> bool | None:
    """Whether the policies, each with its namespace, let `source` connect to a port of `target`.

    None where it depends on an ipBlock that holds the address of a pod: some networks look at it for pods, some do not.
    """
    known = list(policies)
    with_blocks, without = (
        _both_sides(known, source, target, port, protocol, blocks=blocks) for blocks in (True, False)
    )
    return with_blocks if with_blocks == without else None


def _both_sides(
    policies: Sequence[Object], source: Place, target: Place, port: int, protocol: Protocol, *, blocks: bool
) -> bool:
    if (source.namespace, source.name) == (target.namespace, target.name):
        return True  # a pod cannot block access to itself
    return all(
        _side_is_open(policies, side, own, other, _Door(port, protocol, target), blocks=blocks)
        for side, own, other in (("Egress", source, target), ("Ingress", target, source))
    )


@dataclass(frozen=True)
class _Door:
    port: int
    protocol: Protocol
    of: Place


def _side_is_open(
    policies: Sequence[Object], side: str, own: Place, other: Place, door: _Door, *, blocks: bool
) -> bool:
    ruling = [policy for policy in policies if selects(policy, own) and side in types(policy)]
    rules = [rule for policy in ruling for rule in _rules(policy, side)]
    return not ruling or any(
        (not peers or any(peer_is(peer, other, namespace, blocks=blocks) for peer in peers))
        and (not ports or any(_is_port(port, door) for port in ports))
        for namespace, peers, ports in rules
    )


def _rules(policy: Object, side: str) -> list[tuple[str, Sequence[Object], Sequence[Object]]]:
    whom = "from" if side == "Ingress" else "to"
    namespace = str(policy["metadata"]["namespace"])
    return [
        (namespace, rule.get(whom) or (), rule.get("ports") or ()) for rule in policy["spec"].get(side.lower()) or ()
    ]


def selects(policy: Object, place: Place) -> bool:
    """Whether a policy is about a pod."""
    return policy["metadata"]["namespace"] == place.namespace and matches(
        policy["spec"].get("podSelector") or {}, place.labels
    )


def types(policy: Object) -> frozenset[str]:
    """The directions that a policy is about; Egress only if it says so or has such rules."""
    spec = policy["spec"]
    said = spec.get("policyTypes") or ("Ingress", *(("Egress",) if spec.get("egress") else ()))
    return frozenset(map(str, said))


def peer_is(peer: Object, place: Place, namespace: str, *, blocks: bool = True) -> bool:
    """Whether a peer of a policy in `namespace` is this pod; `blocks`: whether addresses count for pods."""
    if "ipBlock" in peer:
        return blocks and _in_block(peer["ipBlock"], place.ip)
    spaces, pods = peer.get("namespaceSelector"), peer.get("podSelector")
    in_namespace = place.namespace == namespace if spaces is None else matches(spaces, place.namespace_labels)
    return in_namespace and matches(pods or {}, place.labels)


def matches(selector: Object, labels: Mapping[str, str]) -> bool:
    """Whether a label selector selects these labels; an empty one selects all."""
    plain = (selector.get("matchLabels") or {}).items()
    return all(labels.get(key) == value for key, value in plain) and all(
        _holds(expression, labels) for expression in selector.get("matchExpressions") or ()
    )


def selector_text(selector: Object) -> str:
    """A label selector as a request to the API writes it."""
    parts = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    for expression in selector.get("matchExpressions") or ():
        key, operator, values = expression["key"], expression["operator"], ",".join(expression.get("values") or ())
        parts.append(
            {
                "In": f"{key} in ({values})",
                "NotIn": f"{key} notin ({values})",
                "Exists": key,
                "DoesNotExist": f"!{key}",
            }[operator]
        )
    return ",".join(parts)


def _holds(expression: Object, labels: Mapping[str, str]) -> bool:
    key, operator, values = expression["key"], expression["operator"], expression.get("values") or ()
    match operator:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    raise ValueError(f"a label selector has the operator {operator!r}, which Kubernetes does not know")


def _in_block(block: Object, ip: str) -> bool:
    if not ip:
        return False
    address = ipaddress.ip_address(ip)
    return address in ipaddress.ip_network(block["cidr"]) and not any(
        address in ipaddress.ip_network(part) for part in block.get("except") or ()
    )


def _is_port(port: Object, door: _Door) -> bool:
    if port.get("protocol", "TCP") != door.protocol:
        return False
    wanted = port.get("port")
    if wanted is None:
        return True
    if isinstance(wanted, str):
        return door.of.ports.get(wanted) == door.port
    return int(wanted) <= door.port <= int(port.get("endPort") or wanted)
