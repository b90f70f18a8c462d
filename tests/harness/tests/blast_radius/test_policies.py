"""Policies of the whole fleet: whoever has them, what counts is whose pods they are about, and who may reach those."""

from __future__ import annotations

from typing import Any

import pytest

from chart_harness.blast_radius.change import Difference, Kind
from chart_harness.blast_radius.compare import compare
from chart_harness.blast_radius.reach.grants import OPEN
from tests.harness.tests.blast_radius.shop import Edit, Objects, release, shop

SHOP, TILL = ("shop", "staging"), ("till", "staging")
WHO, WHOM = "who may reach its pods", "whom its pods may reach"
TILL_MAY = "pods with app.kubernetes.io/name=till in namespace staging: TCP 8080"


def policy(name: str, **spec: Any) -> dict[str, Any]:
    kind = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name}}
    return {**kind, "spec": {"podSelector": {}, **spec}}


def of_policies(before: dict[Any, Any], after: dict[Any, Any]) -> list[tuple[str, Difference]]:
    found = [(change.service, change.difference) for change in compare(before, after)]
    return [one for one in found if one[1].kind in {Kind.POLICY_WIDENED, Kind.POLICY_NARROWED, Kind.SELECTOR_CHANGED}]


def spec(made: Objects) -> dict[str, Any]:
    found: dict[str, Any] = made["NetworkPolicy"]["spec"]
    return found


def without_policy(made: Objects) -> None:
    del made["NetworkPolicy"]


def without_its_label(made: Objects) -> None:
    made["Deployment"]["spec"]["template"]["metadata"]["labels"] = {"app.kubernetes.io/name": "kiosk"}


@pytest.mark.parametrize("edit", [
    without_policy,
    without_its_label,
    lambda made: spec(made).update(podSelector={"matchLabels": {"app.kubernetes.io/name": "kiosk"}}),
    lambda made: made["NetworkPolicy"]["metadata"].update(namespace="elsewhere"),
    lambda made: spec(made).update(ingress=[{}], egress=[{}]),
])  # fmt: skip
def test_pods_that_lose_their_policy_are_open(edit: Edit) -> None:
    found = of_policies({SHOP: shop()}, {SHOP: shop(edit)})
    assert [(one.kind, one.where, one.what) for _, one in found if one.where == "Deployment shop"] == [
        (Kind.POLICY_WIDENED, "Deployment shop", WHO),
        (Kind.POLICY_WIDENED, "Deployment shop", WHOM),
    ]


def test_a_policy_of_another_service_can_hold_for_the_pods() -> None:
    closed = release(policy("everyone", policyTypes=["Ingress", "Egress"]), name="till")
    before, after = {SHOP: shop(), TILL: closed}, {SHOP: shop(without_policy), TILL: closed}
    assert [(service, one.kind, one.what) for service, one in of_policies(before, after)] == [
        ("shop", Kind.POLICY_NARROWED, WHO),
        ("shop", Kind.POLICY_NARROWED, WHOM),
    ]
    opened = release(policy("everyone", ingress=[{}]), name="till")
    assert (
        "shop",
        Difference(Kind.POLICY_WIDENED, "Deployment shop", WHO, None, "everyone: every port"),
    ) in of_policies(before, {SHOP: shop(), TILL: opened})


def test_a_policy_in_another_namespace_does_not() -> None:
    other = ("till", "production")
    before = {SHOP: shop(), other: release(environment="production")}
    opened = release(policy("everyone", ingress=[{}]), name="till", environment="production")
    assert not [one for _, one in of_policies(before, {**before, other: opened}) if one.where == "Deployment shop"]


def test_new_pods_that_anyone_may_reach_are_told() -> None:
    told = [("shop", Difference(Kind.POLICY_WIDENED, "Deployment shop", WHO, None, OPEN.words))]
    assert of_policies({}, {SHOP: shop(without_policy)}) == told
    assert of_policies({}, {SHOP: shop(lambda made: spec(made).update(ingress=[{}]))}) == told
    assert of_policies({}, {SHOP: shop()}) == []


def test_a_renamed_deployment_without_a_policy_is_told() -> None:
    renamed = shop(without_policy, lambda made: made["Deployment"]["metadata"].update(name="shop-web"))
    assert of_policies({SHOP: shop()}, {SHOP: renamed}) == [
        ("shop", Difference(Kind.POLICY_WIDENED, "Deployment shop-web", WHO, None, OPEN.words))
    ]


def relabelled(label: str, value: str, name: str = "till") -> Edit:
    """The shop's objects as another service's, without its policy, and with one label of its pods."""

    def edit(made: Objects) -> None:
        del made["NetworkPolicy"]
        made["Deployment"]["metadata"]["name"] = name
        made["Deployment"]["spec"]["template"]["metadata"]["labels"] = {label: value}

    return edit


def test_new_labels_that_others_let_in_are_told() -> None:
    before = {SHOP: shop(), TILL: shop(relabelled("app.kubernetes.io/name", "kiosk"))}
    after = {SHOP: shop(), TILL: shop(relabelled("app.kubernetes.io/name", "till"))}
    told = "a peer that may reach the pods of: Deployment shop"
    assert of_policies(before, after) == [
        ("till", Difference(Kind.POLICY_WIDENED, "Deployment till", "labels of its pods", None, told))
    ]
    assert of_policies(after, before) == []
    assert of_policies(before, {**before, TILL: shop(relabelled("app.kubernetes.io/name", "cellar"))}) == []


def test_new_labels_that_others_let_out_to_are_told() -> None:
    def calls_till(made: Objects) -> None:
        spec(made)["egress"] = [{"to": [{"podSelector": {"matchLabels": {"tier": "money"}}}], "ports": [{"port": 1}]}]

    before, after = ({SHOP: shop(calls_till), TILL: shop(relabelled("tier", value))} for value in ("paper", "money"))
    told = "a peer that may be reached from the pods of: Deployment shop"
    assert [one.after for _, one in of_policies(before, after)] == [told]


def test_a_port_that_got_another_number_is_another_port() -> None:
    def renumbered(made: Objects) -> None:
        made["Deployment"]["spec"]["template"]["spec"]["containers"][0]["ports"][0]["containerPort"] = 9090
        spec(made)["ingress"][0]["ports"] = [{"port": "http"}]

    told = [one for _, one in of_policies({SHOP: shop()}, {SHOP: shop(renumbered)})]
    assert told == [
        Difference(Kind.POLICY_WIDENED, "Deployment shop", WHO, None, TILL_MAY.replace("TCP 8080", "TCP http (9090)")),
        Difference(Kind.POLICY_NARROWED, "Deployment shop", WHO, TILL_MAY, None),
    ]


def test_a_policy_for_every_pod_holds_for_pods_of_others() -> None:
    closed = policy("deny")
    before, after = {SHOP: shop(), TILL: release(closed)}, {SHOP: shop(), TILL: release()}
    told = Difference(Kind.POLICY_WIDENED, "Other pods of namespace staging", WHO, None, OPEN.words)
    assert of_policies(before, after) == [("till", told)]
    moved = {SHOP: shop(), TILL: release({**closed, "metadata": {"name": "other"}})}
    assert of_policies(before, moved) == []


def test_a_policy_that_is_for_other_pods_now_is_told_whatever_the_fleet_runs() -> None:
    wider = shop(lambda made: spec(made).update(podSelector={}))
    assert ("shop", Difference(Kind.SELECTOR_CHANGED, "NetworkPolicy shop", "podSelector",
                               "app.kubernetes.io/name=shop", "every pod of the namespace")) in of_policies(
        {SHOP: shop()}, {SHOP: wider}
    )  # fmt: skip


FOREIGN = {"matchLabels": {"app": "foreign"}}


@pytest.mark.parametrize(("before", "after", "kinds"), [
    ([policy("p", podSelector=FOREIGN)], [], [Kind.POLICY_WIDENED]),
    ([], [policy("p", podSelector=FOREIGN)], [Kind.POLICY_NARROWED]),
    ([policy("p", podSelector=FOREIGN)], [policy("p", podSelector=FOREIGN, ingress=[{}])], [Kind.POLICY_WIDENED]),
    ([policy("p", podSelector=FOREIGN)], [policy("p", podSelector={"matchLabels": {"app": "x"}})], [Kind.SELECTOR_CHANGED]),
    ([policy("p", podSelector=FOREIGN)], [policy("p", podSelector=FOREIGN)], []),
    ([policy("p", podSelector=FOREIGN)], [policy("p", podSelector=FOREIGN, policyTypes=["Ingress"])], []),
])  # fmt: skip
def test_policies_of_pods_that_the_fleet_does_not_run(before: list[Any], after: list[Any], kinds: list[Kind]) -> None:
    found = of_policies({SHOP: shop(), TILL: release(*before)}, {SHOP: shop(), TILL: release(*after)})
    assert [(service, one.kind, one.where) for service, one in found] == [
        ("till", kind, "NetworkPolicy p") for kind in kinds
    ]


@pytest.mark.parametrize("edit", [
    lambda item: item.update(spec={"egress": []}),
    lambda item: item["metadata"].update(name="other"),
])  # fmt: skip
def test_a_policy_of_another_api_counts_as_widened_whatever_happens_to_it(edit: Any) -> None:
    item = {"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": {"name": "c"}, "spec": {}}
    before = release(item)
    edit(item)
    found = of_policies({TILL: before}, {TILL: release(item)})
    assert {one.kind for _, one in found} == {Kind.POLICY_WIDENED}
    assert all("cilium.io/v2, which is not understood here" in str(one.after) for _, one in found)
    assert of_policies({TILL: before}, {TILL: before}) == []
