"""Who can reach whom in a whole environment: what cyclonus computes from the NetworkPolicies is what the values declare."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from chart_harness.fleet import service_release, services
from chart_harness.frozen import freeze, thaw
from chart_harness.reachability import Call, ReachabilityError, Sides, let_through, reachable
from chart_harness.reachability_declared import Declared, declared, expected, one_sided
from chart_harness.reachability_places import PLATFORM, UNUSED_PORT, Place, Port, places
from chart_harness.reachability_report import differences, reachability
from chart_harness.render import Release

from .conftest import ROOT
from .rendered_fleet import fleet
from .test_fleet_inventory import FORTY_TWO

ENVIRONMENTS = {"staging": ["production"], "production": ["staging"]}
Spec = dict[str, Any]
A_CALL = {"service": "aaa-api", "ports": {"http": 8080}}


def releases(environment: str) -> dict[str, Release]:
    return {service: fleet().releases[service, environment] for service in services(ROOT)}


@cache
def table(environment: str) -> frozenset[Call]:
    """Every call that is possible in the environment, with the other one's pods as strangers."""
    everybody = places(list(releases(environment).values()), environment, ENVIRONMENTS[environment])
    return reachable(releases(environment).values(), everybody).possible


def callers(environment: str, service: str) -> set[str]:
    return {f"{call.source}:{call.port}" for call in table(environment) if call.target == service}


def called(environment: str, service: str) -> set[str]:
    return {f"{call.target}:{call.port}" for call in table(environment) if call.source == service}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_everybody_reaches_whom_the_values_declare_and_nobody_else(environment: str) -> None:
    assert reachability(ROOT, environment, releases(environment), ENVIRONMENTS[environment]) == []


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_there_is_something_to_compare(environment: str) -> None:
    between = {(call.source, call.target) for call in table(environment)} & {
        (one, other) for one in services(ROOT) for other in services(ROOT)
    }
    assert len(between) > 40
    # An API that names nobody may call everybody; nobody else is reached, or calls, on a port that is not there.
    everywhere = {call.source for call in table(environment) if call.port.number == UNUSED_PORT}
    assert everywhere == {one.name for one in declared(ROOT, environment).values() if not one.closed}
    assert everywhere & set(FORTY_TWO) == {"aaa-api"}
    strangers = ("a pod", "a false", "the internet", *(f"{name} of " for name in services(ROOT)))
    assert [str(call) for call in table(environment) if call.source.startswith(strangers)] == []


def test_some_of_the_table() -> None:
    assert callers("staging", "aaa-api") == {"aaa-gateway:8080/TCP", "prometheus:8080/TCP"}
    assert callers("production", "public-api") == {"ingress:8000/TCP", "prometheus:8000/TCP"}
    assert callers("staging", "event-recorder") == set()
    assert callers("production", "event-recorder") == {"prometheus:8080/TCP"}
    assert callers("staging", "outage-mock-server") == {"outage-scans-api:9090/TCP", "prometheus:9090/TCP"}
    assert callers("production", "outage-mock-server") == {"prometheus:9090/TCP"}
    assert called("staging", "archive-tagger") == {"dns:53/TCP", "dns:53/UDP", "opentelemetry-collector:4318/TCP"}
    assert called("production", "notification-sender") == {
        "dns:53/TCP",
        "dns:53/UDP",
        "rabbitmq:5672/TCP",
        "the internet:443/TCP",
    }
    # Both sides must allow it: the page of the one that is called is open to the caller, but the caller names the other port.
    assert "regional-outage-feeder:8090/TCP" in callers("production", "feed-config-server")
    assert "regional-outage-feeder:8080/TCP" not in callers("production", "feed-config-server")


def with_policy(change: Callable[[Spec], object]) -> Release:
    """incidents-api with its NetworkPolicy changed; a change that returns "gone" removes it."""
    release = fleet().releases["incidents-api", "production"]
    objects = [thaw(item) for item in release.objects]
    (policy,) = [item for item in objects if item["kind"] == "NetworkPolicy"]
    if change(policy["spec"]) == "gone":
        objects.remove(policy)
    return replace(release, objects=freeze(objects))


def found_with(change: Callable[[Spec], object]) -> list[str]:
    """What the comparison says of incidents-api, one that calls it, one that it has nothing to do with, and everybody else."""
    some = [fleet().releases[service, "production"] for service in ("alarm-lifecycle-manager", "usage-api")]
    changed = [*some, with_policy(change)]
    everybody = places(changed, "production", ["staging"])
    return differences(reachable(changed, everybody), expected(declared(ROOT, "production"), everybody))


def test_a_policy_that_is_missing_is_found_among_all() -> None:
    changed = {**releases("production"), "incidents-api": with_policy(lambda _: "gone")}
    found = reachability(ROOT, "production", changed, ["staging"])
    assert any(said.startswith("incidents-api admits usage-api of staging on port 8080/TCP, and") for said in found)


def test_without_a_change_nothing_is_found() -> None:
    assert found_with(lambda _: None) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda _: "gone", "incidents-api admits the internet on port 8080/TCP, and its values do not say so"),
        (lambda _: "gone", "incidents-api may call the internet on port 443/TCP, and its values do not say so"),
        (lambda s: s["ingress"].append({}), "incidents-api admits a pod of another namespace on port 9999/TCP, and"),
        (lambda s: s["ingress"][0].update({"from": [{"podSelector": {}}]}), "admits a pod of the namespace on port 8080/TCP"),
        (lambda s: s["ingress"][0]["from"][0].pop("namespaceSelector"), "incidents-api admits a false prometheus on port 8080"),
        (lambda s: s["ingress"][0]["from"][0].pop("namespaceSelector"), "does not admit prometheus on port 8080/TCP, but its"),
        (lambda s: s["ingress"][1]["from"][0].update(namespaceSelector={}), " of staging on port 8080/TCP, and"),
        (lambda s: s["ingress"][1].pop("ports"), "incidents-api admits alarm-lifecycle-manager on port 9999/TCP, and"),
        (lambda s: s["ingress"][0]["ports"].append({"port": 1, "endPort": 65535}), "admits prometheus on port 9999/TCP, and"),
        (lambda s: s["ingress"][1]["ports"][0].update(port=8081), "does not admit alarm-lifecycle-manager on port 8080/TCP"),
        (lambda s: s["ingress"].pop(0), "incidents-api does not admit prometheus on port 8080/TCP, but its values say so"),
        (lambda s: s.update(policyTypes=["Ingress"]), "incidents-api may call redis on port 9999/TCP, and"),
        (lambda s: s["egress"].pop(0), "incidents-api may not call dns on port 53/UDP, but its values say so"),
        (lambda s: s["egress"].append({"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}), "may call the internet on port 80/TCP"),
        (lambda s: s["egress"][1]["to"].append({"podSelector": {}}), "incidents-api may call usage-api on port 8080/TCP, and"),
        (lambda s: s["podSelector"]["matchLabels"].update(tier="x"), "admits a pod of the namespace on port 9999/TCP, and"),
    ],
)  # fmt: skip
def test_a_policy_that_is_not_as_declared_is_found(change: Callable[[Spec], object], says: str) -> None:
    problems = found_with(change)
    assert any(says in problem for problem in problems), problems[:20]


def test_a_release_that_is_missing_is_no_pass() -> None:
    (said,) = reachability(ROOT, "staging", {k: v for k, v in releases("staging").items() if k != "usage-api"})
    assert said == "usage-api: values or a release are missing, so nobody's calls can be judged."


def changed(service: str, **fields: Any) -> list[str]:
    known = declared(ROOT, "production")
    return one_sided({**known, service: replace(known[service], **fields)})


@pytest.mark.parametrize(
    ("service", "fields", "sentence"),
    [
        ("aaa-api", {"peers": {}},
         "aaa-gateway says it calls aaa-api, but aaa-api does not name it as a caller: add it to metrics.networkPolicy.peers of "
         "aaa-api, or remove the egress."),
        ("aaa-gateway", {"egress": {}},
         "aaa-api names aaa-gateway as a caller, but aaa-gateway does not say that it calls aaa-api: add it to "
         "metrics.networkPolicy.egress of aaa-gateway, or remove the peer."),
        ("aaa-api", {"peers": {"x": {"service": "aaa-gatewy"}, "y": {"service": "aaa-gateway"}}},
         "aaa-api names aaa-gatewy as a caller, but there is no such service: correct it."),
        ("aaa-gateway", {"egress": {"x": {"service": "nobody", "ports": {"http": 1}}, "y": A_CALL}},
         "aaa-gateway says it calls nobody, but there is no such service: correct it."),
        ("aaa-api", {"ports": {"http": 8000}}, "aaa-gateway calls aaa-api on port 8080, which aaa-api has not: correct it."),
    ],
)  # fmt: skip
def test_a_call_that_only_one_side_declares_is_found(service: str, fields: Mapping[str, Any], sentence: str) -> None:
    assert changed(service) == []
    assert changed(service, **fields) == [sentence]


def test_what_is_declared_is_read_as_helm_merges_it() -> None:
    staging, production = declared(ROOT, "staging"), declared(ROOT, "production")
    assert set(staging["outage-scans-api"].egress) - set(production["outage-scans-api"].egress) == {
        "outage-mock-server"
    }
    runner: Declared = staging["feed-config-server"]
    assert (runner.scraped, runner.pushes_to, runner.ports) == (False, 4318, {"config": 8090})
    runner = production["feed-config-server"]
    assert (runner.scraped, runner.pushes_to, runner.ports) == (True, None, {"metrics": 8080, "config": 8090})
    assert not staging["aaa-api"].closed
    assert staging["public-api"].closed


def test_units_are_judged_one_by_one(tmp_path: Path) -> None:
    """aaa-api in three units: Prometheus and the gateway reach the ports that each has, and a unit that pushes the collector."""
    shutil.copytree(ROOT / "charts", tmp_path / "charts", ignore=shutil.ignore_patterns("examples"))
    values = tmp_path / "charts" / "services" / "aaa-api" / "values.yaml"
    written = yaml.safe_load(values.read_text())
    written["metrics"]["units"] = {
        "web": {"role": "http-api"},
        "mails": {"role": "amqp-consumer"},
        "clock": {"role": "task-runner", "port": 8082},
    }
    written["workload"]["probes"] = {"command": ["reference-service", "healthy"]}
    values.write_text(yaml.safe_dump(written))
    for environment in ENVIRONMENTS:
        known = declared(tmp_path, environment)
        assert {"aaa-api-clock", "aaa-api-mails", "aaa-api-web"} <= set(known)
        assert "aaa-api" not in known
        special = yaml.safe_load((values.parent / "environments" / environment / "values.yaml").read_text())
        assert (known["aaa-api-mails"].pushes_to == 4318) == ("env" in special)
        rendered = {**releases(environment), "aaa-api": service_release(tmp_path, "aaa-api", environment)}
        assert reachability(tmp_path, environment, rendered) == []


def test_a_place_that_cannot_be_named_is_not_guessed() -> None:
    unnamed: list[dict[str, Any]] = [
        {"namespaceSelector": {"matchLabels": {"team": "x"}}}, {}, {"podSelector": {"matchLabels": {}}}
    ]  # fmt: skip
    for peer in unnamed:
        one = replace(declared(ROOT, "staging")["aaa-api"], peers={"x": peer})
        with pytest.raises(ValueError, match="this table knows names only"):
            one.admits(PLATFORM[-1], Port(8080))


def policy(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "x", "namespace": "here"},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress"], **spec},
    }


ONE = Place("one", "10.0.0.1", "here", {"app": "one"}, (Port(80, name="web"),), service=True)
OTHER = Place("other", "10.0.0.2", "there", {"app": "other"})


@pytest.mark.parametrize(
    ("policies", "reached"),
    [
        ([], {"80/TCP", "9999/TCP"}),
        ([policy()], set()),
        ([policy(ingress=[{}])], {"80/TCP", "9999/TCP"}),
        ([policy(ingress=[{"ports": [{"port": "web"}]}])], {"80/TCP"}),
        ([policy(ingress=[{"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.0.0.2/32"]}}]}])], set()),
        ([policy(ingress=[{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}], "ports": [{"port": 80}]}])], {"80/TCP"}),
        ([policy(), policy(ingress=[{"ports": [{"port": 80}]}])], {"80/TCP"}),
        ([policy(podSelector={"matchLabels": {"app": "third"}})], {"80/TCP", "9999/TCP"}),
        ([policy(ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "other"}}}]}])], set()),
        ([policy(ingress=[{"from": [{"namespaceSelector": {}}], "ports": [{"port": 80, "protocol": "UDP"}]}])], set()),
    ],
)  # fmt: skip
def test_policies_mean_what_kubernetes_says(policies: list[dict[str, Any]], reached: set[str]) -> None:
    calls = let_through(policies, [ONE, OTHER]).possible
    assert {str(call.port) for call in calls if call.target == "one"} == reached
    assert {str(call.port) for call in calls if call.source == "one"} == {"9999/TCP"}


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (policy(policyTypes=[]), "NetworkPolicy here/x cannot be judged: it has no policyTypes"),
        (policy(ingress=[{"from": [{}]}]), "one of its peers is empty"),
        (policy(ingress=[{"form": []}]), "unknown field"),
        (policy(ingress=[{"ports": [{"port": "web", "endPort": 9}]}]), "cannot be judged"),
    ],
)
def test_a_policy_that_cannot_be_judged_is_an_error(broken: dict[str, Any], says: str) -> None:
    with pytest.raises(ReachabilityError, match=says):
        let_through([broken], [ONE, OTHER])


def test_the_report_tells_the_sides_apart() -> None:
    one, other = Call("a", "b", Port(1)), Call("c", "d", Port(2))
    nothing: frozenset[Call] = frozenset()
    rendered = Sides(sent=frozenset({one}), admitted=frozenset({other}))
    assert differences(rendered, rendered) == []
    assert differences(rendered, Sides(nothing, nothing)) == [
        "d admits c on port 2/TCP, and its values do not say so: its NetworkPolicy is too wide.",
        "a may call b on port 1/TCP, and its values do not say so: its NetworkPolicy is too wide.",
    ]
    assert differences(Sides(nothing, nothing), rendered) == [
        "d does not admit c on port 2/TCP, but its values say so: its NetworkPolicy is too narrow.",
        "a may not call b on port 1/TCP, but its values say so: its NetworkPolicy is too narrow.",
    ]
    assert rendered.possible == nothing
