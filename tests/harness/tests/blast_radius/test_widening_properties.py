"""Random policies before and after: what is called widened is just what lets a connection through that was refused before.

Every connection that can tell the two apart is tried: each label with each value that a policy names, with one that none names,
and without a value; each port at the ends of a span and beside them; each address at the ends of a block.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from chart_harness.blast_radius.reach.grants import Pods, beyond, grants
from tests.harness.tests.blast_radius.kubernetes_says import NAMESPACES, OWN_NAMESPACE, Peer, Port, allows

NAMES = {"http": 8080}
PODS = Pods(OWN_NAMESPACE, {"app": "shop"}, {("http", "TCP"): 8080})
LABELS = {"app": ("till", "cellar"), "tier": ("a", "b")}

expressions = st.one_of(
    st.builds(
        lambda key, operator, values: {"key": key, "operator": operator, "values": sorted(values)},
        st.sampled_from(["app", "tier"]),
        st.sampled_from(["In", "NotIn"]),
        st.sets(st.sampled_from(["till", "cellar", "a", "b"]), min_size=1, max_size=3),
    ),
    st.builds(
        lambda key, operator: {"key": key, "operator": operator},
        st.sampled_from(["app", "tier"]),
        st.sampled_from(["Exists", "DoesNotExist"]),
    ),
)
labels = st.fixed_dictionaries({}, optional={key: st.sampled_from(values) for key, values in LABELS.items()})
selectors = st.fixed_dictionaries(
    {}, optional={"matchLabels": labels, "matchExpressions": st.lists(expressions, max_size=2)}
)
namespace_labels = st.sampled_from(
    [{}, {"tier": "b"}, {"kubernetes.io/metadata.name": "staging"}, {"kubernetes.io/metadata.name": "other"}]
)
namespace_selectors = st.one_of(
    namespace_labels.map(lambda said: {"matchLabels": said}),
    st.sampled_from([
        {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "Exists"}]},
        {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["other"]}]},
        {"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]},
    ]),
)  # fmt: skip
blocks = st.sampled_from([
    {"cidr": "10.0.0.0/8"}, {"cidr": "10.0.0.0/9"}, {"cidr": "10.128.0.0/9"}, {"cidr": "0.0.0.0/0"}, {"cidr": "::/0"},
    {"cidr": "10.0.0.0/8", "except": ["10.0.0.0/9"]}, {"cidr": "2001:db8::/32"}, {"cidr": "10.1.0.0/16", "except": ["10.1.0.0/16"]},
])  # fmt: skip
peers = st.one_of(
    st.fixed_dictionaries({"podSelector": selectors}, optional={"namespaceSelector": namespace_selectors}),
    namespace_selectors.map(lambda selector: {"namespaceSelector": selector}),
    blocks.map(lambda block: {"ipBlock": block}),
)
ports = st.sampled_from([
    {"port": 8080}, {"port": 8080, "protocol": "UDP"}, {"port": "http"}, {"port": "nobody"}, {"port": 8080, "endPort": 8082},
    {"port": 8081, "endPort": 8090}, {"protocol": "TCP"}, {"protocol": "UDP"}, {"protocol": "SCTP"}, {"port": 1, "endPort": 65535},
])  # fmt: skip
rules = st.fixed_dictionaries({}, optional={"from": st.lists(peers, max_size=3), "ports": st.lists(ports, max_size=2)})
policies = st.lists(
    st.builds(
        lambda rules, types: {"spec": {"podSelector": {}, "ingress": rules, "policyTypes": types}},
        st.lists(rules, max_size=2),
        st.sampled_from([["Ingress"], ["Ingress", "Egress"], ["Egress"]]),
    ),
    max_size=2,
)

Policies = list[dict[str, Any]]

_VALUES = [(None, *values, "z") for values in ([*LABELS["app"], "a", "b"], [*LABELS["tier"], "till", "cellar"])]
CALLERS = [
    *(
        Peer(namespace, tuple((key, value) for key, value in zip(LABELS, chosen, strict=True) if value))
        for namespace, chosen in product(NAMESPACES, product(*_VALUES))
    ),
    *(
        Peer(address=address)
        for address in ("9.255.255.255", "10.0.0.0", "10.127.255.255", "10.128.0.0", "10.255.255.255", "11.0.0.0")
    ),
    *(Peer(address=address) for address in ("10.1.0.0", "2001:db8::", "2001:db9::", "::")),
]
NEIGHBOURS = [caller for caller in CALLERS if caller.namespace == OWN_NAMESPACE]
CALLED = [
    *(Port(number) for number in (1, 8079, 8080, 8081, 8082, 8083, 8090, 8091, 65535)),
    *(Port(number, "UDP") for number in (1, 8080, 65535)),
    Port(8080, "SCTP"),
]


def let_through(some: Policies, callers: Sequence[Peer] = CALLERS) -> set[tuple[Peer, Port]]:
    return {(peer, port) for peer in callers for port in CALLED if allows(some, peer, port, names=NAMES)}


@settings(max_examples=100, deadline=None)
@given(policies, policies)
@example([{"spec": {"podSelector": {}}}], [])
def test_widened_is_what_kubernetes_lets_through_that_it_did_not(before: Policies, after: Policies) -> None:
    earlier, now = (grants(some, PODS, "Ingress") for some in (before, after))
    was, is_now = let_through(before), let_through(after)
    if is_now - was:
        assert beyond(now, earlier)
    if was - is_now:
        assert beyond(earlier, now)
    # The other way round a few are told though no connection shows them: of namespaces only three are tried.
    if not beyond(now, earlier):
        assert is_now <= was


@settings(max_examples=50, deadline=None)
@given(policies)
def test_the_same_is_neither(some: Policies) -> None:
    one, other = (grants(some, PODS, "Ingress") for _ in range(2))
    assert not beyond(one, other)


@settings(max_examples=100, deadline=None)
@given(policies, rules)
def test_one_rule_more_never_narrows(some: Policies, rule: dict[str, Any]) -> None:
    assume(some)
    assume("Ingress" in some[0]["spec"]["policyTypes"])
    more = [{"spec": {**some[0]["spec"], "ingress": [*some[0]["spec"]["ingress"], rule]}}, *some[1:]]
    one, other = (grants(policies, PODS, "Ingress") for policies in (some, more))
    assert not beyond(one, other)


pod_peers = st.fixed_dictionaries({"podSelector": selectors})
pod_rules = st.fixed_dictionaries(
    {"from": st.lists(pod_peers, min_size=1, max_size=3), "ports": st.lists(ports, max_size=2)}
)
pod_policies = st.lists(pod_rules, min_size=1, max_size=3).map(
    lambda made: [{"spec": {"podSelector": {}, "ingress": made, "policyTypes": ["Ingress"]}}]
)


def _open_to_till(port: dict[str, Any]) -> Policies:
    rule = {"from": [{"podSelector": {"matchLabels": {"app": "till"}}}], "ports": [port]}
    return [{"spec": {"podSelector": {}, "ingress": [rule], "policyTypes": ["Ingress"]}}]


@settings(max_examples=100, deadline=None)
@given(pod_policies, pod_policies)
@example(_open_to_till({"port": 1, "endPort": 65535}), _open_to_till({"protocol": "TCP"}))
@example(_open_to_till({"port": "http"}), _open_to_till({"port": 8080}))
def test_among_pods_of_one_namespace_it_is_exact(before: Policies, after: Policies) -> None:
    earlier, now = (grants(some, PODS, "Ingress") for some in (before, after))
    was, is_now = let_through(before, NEIGHBOURS), let_through(after, NEIGHBOURS)
    assert bool(beyond(now, earlier)) == bool(is_now - was)
    assert bool(beyond(earlier, now)) == bool(was - is_now)
