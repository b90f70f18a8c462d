"""What a policy grants, and what of it another one does not: the cases that people write, in both directions."""

from __future__ import annotations

from typing import Any

import pytest

from chart_harness.blast_radius.reach.grants import OPEN, Pods, beyond, grants, policy_types

PODS = Pods("staging", {"app": "shop"}, {("http", "TCP"): 8080})
TILL = {"podSelector": {"matchLabels": {"app": "till"}}}
ANY_POD: dict[str, Any] = {"podSelector": {}}
EVERYWHERE: dict[str, Any] = {"namespaceSelector": {}}
LABELLED = {"podSelector": {"matchExpressions": [{"key": "app", "operator": "Exists"}]}}
EIGHT = "10.0.0.0/8"
STAGING = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "staging"}}}


def peer(**selector: Any) -> dict[str, Any]:
    return {"podSelector": selector}


def expression(operator: str, *values: str) -> dict[str, Any]:
    return peer(matchExpressions=[{"key": "app", "operator": operator, **({"values": list(values)} if values else {})}])


def block(cidr: str, *excepted: str) -> dict[str, Any]:
    return {"ipBlock": {"cidr": cidr, **({"except": list(excepted)} if excepted else {})}}


def rule(*peers: dict[str, Any], ports: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {"from": list(peers), "ports": [{"port": 8080}] if ports is None else ports}


def ingress(*rules: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": list(rules)}}]


# Each is: narrow, wide. From the first to the second is a widening and no narrowing, and the other way round.
WIDER = {
    "a peer more": (ingress(rule(TILL)), ingress(rule(TILL, peer(matchLabels={"app": "cellar"})))),
    "a rule more": (ingress(rule(TILL)), ingress(rule(TILL), rule(block(EIGHT)))),
    "a policy more": (ingress(rule(TILL)), [*ingress(rule(TILL)), *ingress(rule(block(EIGHT)))]),
    "a port more": (ingress(rule(TILL)), ingress(rule(TILL, ports=[{"port": 8080}, {"port": 8081}]))),
    "a span of ports": (ingress(rule(TILL)), ingress(rule(TILL, ports=[{"port": 8080, "endPort": 8081}]))),
    "every port": (ingress(rule(TILL)), ingress(rule(TILL, ports=[]))),
    "every port of a protocol": (ingress(rule(TILL)), ingress(rule(TILL, ports=[{"protocol": "TCP"}]))),
    "another protocol too": (ingress(rule(TILL)), ingress(rule(TILL, ports=[{"port": 8080}, {"port": 8080, "protocol": "UDP"}]))),
    "a label less": (ingress(rule(peer(matchLabels={"app": "till", "tier": "a"}))), ingress(rule(TILL))),
    "no label": (ingress(rule(TILL)), ingress(rule(ANY_POD))),
    "In with a value more": (ingress(rule(TILL)), ingress(rule(expression("In", "till", "cellar")))),
    "NotIn with a value less": (ingress(rule(expression("NotIn", "a", "b"))), ingress(rule(expression("NotIn", "a")))),
    "NotIn, where the label may be absent": (ingress(rule(LABELLED)), ingress(rule(expression("NotIn", "nobody"), LABELLED))),
    "Exists": (ingress(rule(TILL)), ingress(rule(LABELLED))),
    "every namespace": (ingress(rule(ANY_POD)), ingress(rule({**ANY_POD, **EVERYWHERE}))),
    "every namespace, one pod": (ingress(rule(TILL)), ingress(rule({**TILL, **EVERYWHERE}))),
    "an empty from": (ingress(rule(TILL)), ingress(rule())),
    "addresses beside pods": (ingress(rule({**ANY_POD, **EVERYWHERE})), ingress(rule())),
    "a shorter prefix": (ingress(rule(block("10.0.0.0/9"))), ingress(rule(block(EIGHT)))),
    "an exception less": (ingress(rule(block(EIGHT, "10.1.0.0/16"))), ingress(rule(block(EIGHT)))),
    "a smaller exception": (ingress(rule(block(EIGHT, "10.0.0.0/9"))), ingress(rule(block(EIGHT, "10.0.0.0/10")))),
    "IPv6 too": (ingress(rule(block("0.0.0.0/0"))), ingress(rule(block("0.0.0.0/0"), block("::/0")))),
    "no rule for ingress at all": (ingress(), []),
    "no policy": (ingress(rule()), []),
}  # fmt: skip

SAME = {
    "the same": (ingress(rule(TILL)), ingress(rule(TILL))),
    "another order": (ingress(rule(TILL, block("::/0"))), ingress(rule(block("::/0")), rule(TILL))),
    "two policies for one": (ingress(rule(TILL), rule(block("::/0"))), [*ingress(rule(TILL)), *ingress(rule(block("::/0")))]),
    "In with one value": (ingress(rule(TILL)), ingress(rule(expression("In", "till")))),
    "the own namespace by its name": (ingress(rule(TILL)), ingress(rule({**TILL, **STAGING}))),
    "a port by its name": (ingress(rule(TILL)), ingress(rule(TILL, ports=[{"port": "http"}]))),
    "TCP, which is the default": (ingress(rule(TILL)), ingress(rule(TILL, ports=[{"port": 8080, "protocol": "TCP"}]))),
    "a block as its halves": (ingress(rule(block(EIGHT))), ingress(rule(block("10.0.0.0/9"), block("10.128.0.0/9")))),
    "an exception that another block holds": (ingress(rule(block(EIGHT))), ingress(rule(block(EIGHT, "10.0.0.0/9"), block("10.0.0.0/9")))),
    "a span as its ports": (ingress(rule(TILL, ports=[{"port": 1, "endPort": 2}])), ingress(rule(TILL, ports=[{"port": 1}, {"port": 2}]))),
    "with a label, or without": (ingress(rule(ANY_POD)), ingress(rule(LABELLED, expression("DoesNotExist")))),
    "a peer that another one holds": (ingress(rule(ANY_POD)), ingress(rule(ANY_POD, TILL))),
    "a name that the pods have not": (ingress(), ingress(rule(TILL, ports=[{"port": "nothing"}]))),
    "a rule for everyone is open": ([], ingress({})),
}  # fmt: skip

# From one to the other is a widening and a narrowing at once.
BOTH = {
    "another peer": (ingress(rule(TILL)), ingress(rule(peer(matchLabels={"app": "cellar"})))),
    "another port": (ingress(rule(TILL)), ingress(rule(TILL, ports=[{"port": 8081}]))),
    "another protocol": (ingress(rule(TILL)), ingress(rule(TILL, ports=[{"port": 8080, "protocol": "UDP"}]))),
    "addresses for pods": (ingress(rule({**ANY_POD, **EVERYWHERE})), ingress(rule(block("0.0.0.0/0"), block("::/0")))),
    "blocks that overlap": (ingress(rule(block(EIGHT, "10.0.0.0/9"))), ingress(rule(block(EIGHT, "10.128.0.0/10")))),
    "a peer more and a port less": (ingress(rule(TILL, ports=[{"port": 1}, {"port": 2}])), ingress(rule(ANY_POD, ports=[{"port": 1}]))),
}  # fmt: skip

Policies = list[dict[str, Any]]


def compared(before: Policies, after: Policies) -> tuple[bool, bool]:
    """Whether it is widened, and whether it is narrowed."""
    earlier, now = (grants(some, PODS, "Ingress") for some in (before, after))
    return bool(beyond(now, earlier)), bool(beyond(earlier, now))


@pytest.mark.parametrize(("narrow", "wide"), WIDER.values(), ids=WIDER)
def test_wider(narrow: Policies, wide: Policies) -> None:
    assert compared(narrow, wide) == (True, False)
    assert compared(wide, narrow) == (False, True)


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME)
def test_the_same_in_other_words(one: Policies, other: Policies) -> None:
    assert compared(one, other) == compared(other, one) == (False, False)


@pytest.mark.parametrize(("one", "other"), BOTH.values(), ids=BOTH)
def test_something_else(one: Policies, other: Policies) -> None:
    assert compared(one, other) == compared(other, one) == (True, True)


@pytest.mark.parametrize(("before", "after", "gained"), [
    (ingress(), ingress(rule(TILL)), ["pods with app=till in namespace staging: TCP 8080"]),
    (ingress(), ingress(rule(TILL, ports=[{"port": "http"}])), ["pods with app=till in namespace staging: TCP http (8080)"]),
    (ingress(), ingress(rule({**ANY_POD, **EVERYWHERE}, ports=[])), ["all pods in every namespace: every port"]),
    (ingress(), ingress(rule({"namespaceSelector": {"matchLabels": {"tier": "a"}}}, ports=[{"protocol": "UDP"}])),
     ["all pods in namespaces with tier=a: every UDP port"]),
    (ingress(), ingress(rule(block(EIGHT, "10.1.0.0/16"), ports=[{"port": 1, "endPort": 9}])),
     ["addresses 10.0.0.0/8 but 10.1.0.0/16: TCP 1-9"]),
    (ingress(rule(TILL)), ingress(rule(TILL, peer(matchLabels={"app": "cellar"}), ports=[{"port": 8080}, {"port": 9000}])),
     ["pods with app=cellar in namespace staging: TCP 8080", "pods with app=cellar in namespace staging: TCP 9000",
      "pods with app=till in namespace staging: TCP 9000"]),
    (ingress(rule(TILL)), [], [OPEN.words]),
])  # fmt: skip
def test_only_what_is_new_is_told(before: Policies, after: Policies, gained: list[str]) -> None:
    assert beyond(grants(after, PODS, "Ingress"), grants(before, PODS, "Ingress")) == gained


def test_egress_keeps_the_names_of_ports_it_cannot_know() -> None:
    def egress(port: int | str) -> Policies:
        return [
            {
                "spec": {
                    "podSelector": {},
                    "policyTypes": ["Egress"],
                    "egress": [{"to": [TILL], "ports": [{"port": port}]}],
                }
            }
        ]

    by_name, by_number = (grants(egress(port), PODS, "Egress") for port in ("http", 8080))
    assert beyond(by_name, by_number)
    assert beyond(by_number, by_name)
    assert not beyond(by_name, by_name)
    assert grants(egress("http"), PODS, "Ingress") == [OPEN]  # the policy closes egress only


@pytest.mark.parametrize(("spec", "types"), [
    ({}, ("Ingress",)),
    ({"egress": []}, ("Ingress",)),
    ({"egress": [{}]}, ("Ingress", "Egress")),
    ({"policyTypes": ["Egress"]}, ("Egress",)),
])  # fmt: skip
def test_directions_are_completed_as_kubernetes_does(spec: dict[str, Any], types: tuple[str, ...]) -> None:
    assert policy_types({"spec": spec}) == types
