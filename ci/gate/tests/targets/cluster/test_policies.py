"""Whether NetworkPolicies let a connection through: by table, and as cyclonus has it, whatever the policies are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chart_harness.reachability import let_through
from chart_harness.reachability_places import Place as HarnessPlace
from chart_harness.reachability_places import Port
from promotion_gate.targets.cluster.policies import Place, lets_through, matches, selector_text

SPACE = "kubernetes.io/metadata.name"
API = Place("api", "shop", {"app": "api"}, "10.0.0.1", {SPACE: "shop"}, {"http": 8080})
WEB = Place("web", "shop", {"app": "web"}, "10.0.0.2", {SPACE: "shop"})
PROMETHEUS = Place("prometheus", "monitoring", {"app": "prometheus"}, "10.1.0.3", {SPACE: "monitoring"})
EVERYONE = (API, WEB, PROMETHEUS)
WEB_POD = {"podSelector": {"matchLabels": {"app": "web"}}}
MONITORING = {"namespaceSelector": {"matchLabels": {SPACE: "monitoring"}}}


def policy(spec: Mapping[str, Any], namespace: str = "shop") -> dict[str, Any]:
    metadata = {"name": "p", "namespace": namespace}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


def ingress(*rules: Mapping[str, Any], **spec: Any) -> dict[str, Any]:
    return policy(
        {"podSelector": {"matchLabels": {"app": "api"}}, "policyTypes": ["Ingress"], "ingress": rules, **spec}
    )


@pytest.mark.parametrize(
    ("policies", "source", "allowed"),
    [
        ([], WEB, True),
        ([ingress()], WEB, False),
        ([ingress()], API, True),  # itself
        ([ingress({})], WEB, True),
        ([ingress({"from": []})], WEB, True),
        ([ingress({"from": [WEB_POD]})], WEB, True),
        ([ingress({"from": [WEB_POD]})], PROMETHEUS, False),
        ([ingress({"from": [MONITORING]})], PROMETHEUS, True),
        ([ingress({"from": [MONITORING]})], WEB, False),
        ([ingress({"from": [{**MONITORING, **WEB_POD}]})], PROMETHEUS, False),
        ([ingress({"from": [{"namespaceSelector": {}}]})], PROMETHEUS, True),
        ([ingress({"from": [{"podSelector": {}}]})], WEB, True),
        ([ingress({"from": [{"podSelector": {}}]})], PROMETHEUS, False),
        # one policy lets in what another does not speak of
        ([ingress(), ingress({"from": [WEB_POD]})], WEB, True),
        ([ingress({"ports": [{"port": 8080}]})], WEB, True),
        ([ingress({"ports": [{"port": "http"}]})], WEB, True),
        ([ingress({"ports": [{"port": "metrics"}]})], WEB, False),
        ([ingress({"ports": [{"port": 8000, "endPort": 9000}]})], WEB, True),
        ([ingress({"ports": [{"port": 8000, "endPort": 8079}]})], WEB, False),
        ([ingress({"ports": [{"port": 8080, "protocol": "UDP"}]})], WEB, False),
        ([ingress({"ports": [{"protocol": "TCP"}]})], WEB, True),
        # of another namespace, or another pod
        ([{**ingress(), "metadata": {"name": "p", "namespace": "monitoring"}}], WEB, True),
        ([policy({"podSelector": {"matchLabels": {"app": "other"}}})], WEB, True),
        ([policy({"podSelector": {}, "policyTypes": ["Egress"]})], PROMETHEUS, True),
        # the source's own egress
        ([policy({"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Egress"]})], WEB, False),
        ([policy({"podSelector": {"matchLabels": {"app": "web"}}})], WEB, True),  # without a type it is about ingress
        (
            [policy({"podSelector": {"matchLabels": {"app": "web"}}, "egress": [{"to": [MONITORING]}]})],
            WEB,
            False,
        ),
        # networks do not agree whether an address may mean a pod
        ([ingress({"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]})], WEB, None),
        ([ingress({"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.0.0.2/32"]}}]})], WEB, False),
        ([ingress({"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}, WEB_POD]})], WEB, True),
    ],
)
def test_who_reaches_the_api(policies: Sequence[Mapping[str, Any]], source: Place, allowed: bool | None) -> None:
    assert lets_through(policies, source, API, 8080) is allowed


EXPRESSIONS = [
    ({"operator": "In", "values": ["api", "web"]}, "app in (api,web)", True, False),
    ({"operator": "NotIn", "values": ["api"]}, "app notin (api)", False, True),
    ({"operator": "Exists"}, "app", True, False),
    ({"operator": "DoesNotExist"}, "!app", False, True),
]


@pytest.mark.parametrize(("expression", "text", "of_api", "of_none"), EXPRESSIONS)
def test_an_expression_selects(expression: dict[str, Any], text: str, of_api: bool, of_none: bool) -> None:
    selector = {"matchLabels": {"tier": "x"}, "matchExpressions": [{"key": "app", **expression}]}
    assert matches(selector, {"tier": "x", "app": "api"}) is of_api
    assert matches(selector, {"tier": "x"}) is of_none
    assert not matches(selector, {"app": "api"})
    assert selector_text(selector) == f"tier=x,{text}"


def test_an_operator_that_there_is_not_is_no_answer() -> None:
    with pytest.raises(ValueError, match="'Gt'"):
        matches({"matchExpressions": [{"key": "app", "operator": "Gt"}]}, {})


apps = st.sampled_from(["api", "web", "prometheus"])
selectors: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    apps.map(lambda app: {"matchLabels": {"app": app}}),
    st.tuples(st.sampled_from(["In", "NotIn"]), st.lists(apps, min_size=1, max_size=2)).map(
        lambda found: {"matchExpressions": [{"key": "app", "operator": found[0], "values": found[1]}]}
    ),
    st.sampled_from(["Exists", "DoesNotExist"]).map(
        lambda operator: {"matchExpressions": [{"key": "app", "operator": operator}]}
    ),
)
spaces = st.sampled_from([{}, {"matchLabels": {SPACE: "shop"}}, {"matchLabels": {SPACE: "monitoring"}}])
peers = st.one_of(
    selectors.map(lambda pods: {"podSelector": pods}),
    spaces.map(lambda names: {"namespaceSelector": names}),
    st.tuples(spaces, selectors).map(lambda both: {"namespaceSelector": both[0], "podSelector": both[1]}),
)
ports = st.one_of(
    st.integers(8079, 8081).map(lambda port: {"port": port, "protocol": "TCP"}),
    st.just({"port": 8000, "endPort": 8080, "protocol": "TCP"}),
    st.just({"port": 8080, "protocol": "UDP"}),
)
rules = st.tuples(st.lists(peers, max_size=2), st.lists(ports, max_size=2))


@st.composite
def some_policies(draw: st.DrawFn) -> list[dict[str, Any]]:
    found = []
    for number in range(draw(st.integers(0, 3))):
        spec: dict[str, Any] = {"podSelector": draw(selectors), "policyTypes": []}
        for side, whom in draw(
            st.sampled_from([[("Ingress", "from")], [("Egress", "to")], [("Ingress", "from"), ("Egress", "to")]])
        ):
            spec["policyTypes"].append(side)
            spec[side.lower()] = [
                {key: value for key, value in ((whom, some), ("ports", doors)) if value}
                for some, doors in draw(st.lists(rules, max_size=2))
            ]
        one = policy(spec, draw(st.sampled_from(["shop", "monitoring"])))
        found.append({**one, "metadata": {**one["metadata"], "name": f"p{number}"}})
    return found


def as_cyclonus_has_it(policies: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], bool]:
    places = [
        HarnessPlace(one.name, one.ip, one.namespace, one.labels, (Port(8080),), service=True) for one in EVERYONE
    ]
    found = let_through(policies, places).possible
    possible = {(call.source, call.target) for call in found if call.port.number == 8080}
    return {(a.name, b.name): (a.name, b.name) in possible for a in EVERYONE for b in EVERYONE if a is not b}


@settings(max_examples=60)
@given(some_policies())
def test_it_is_as_cyclonus_has_it(policies: list[dict[str, Any]]) -> None:
    ours = {(a.name, b.name): lets_through(policies, a, b, 8080) for a in EVERYONE for b in EVERYONE if a is not b}
    assert ours == as_cyclonus_has_it(policies)
