"""No NetworkPolicy rule allows everyone or every port."""

from __future__ import annotations

from chart_harness.checks.pod_template import Object
from chart_harness.render import Release


def traffic_rules(release: Release) -> list[str]:
    """Rules that are wider than anybody means: an empty `from`, `to`, peer, selector or port list."""
    policies = release.of_kind("NetworkPolicy")
    problems = []
    for policy in policies:
        where = f"NetworkPolicy {policy['metadata']['name']}"
        spec = policy["spec"]
        if "Ingress" not in spec.get("policyTypes", ()):
            problems.append(f"{where} leaves ingress open.")
        for direction, key in (("ingress", "from"), ("egress", "to")):
            if spec.get(direction) and direction.capitalize() not in spec.get("policyTypes", ()):
                problems.append(f"{where} has {direction} rules without their policyType, so they do nothing.")
            for rule in spec.get(direction) or ():
                if not rule.get(key) or any(_matches_everyone(peer, direction) for peer in rule[key]):
                    problems.append(f"{where}: an {direction} rule allows everyone.")
                if not rule.get("ports"):
                    problems.append(f"{where}: an {direction} rule allows every port.")
    return problems if policies else ["The release has no NetworkPolicy."]


def _matches_everyone(peer: Object, direction: str) -> bool:
    """Whether the peer is nobody in particular. The whole internet may be called, by who says so, but may not call."""
    selecting = [peer.get(key, {}).get("matchLabels") for key in ("namespaceSelector", "podSelector")]
    block = peer.get("ipBlock", {})
    cidr = str(block.get("cidr", ""))
    if not cidr:
        return not any(selecting)
    return cidr.endswith("/0") and (direction == "ingress" or not block.get("except"))
