"""A service of two processes: an API that is scraped and a runner that pushes, each a unit with objects and a name of its own."""

from __future__ import annotations

import pytest

from chart_harness.clusters.install import Installed
from chart_harness.clusters.namespaces import Namespace
from chart_harness.clusters.pods import Pod
from chart_harness.clusters.probes import pods_of, reachable, restarts
from chart_harness.clusters.prometheus import Prometheus
from chart_harness.clusters.waits import Waiting, eventually, until_ready
from chart_harness.fixtures.clusters import CallerFactory

from .scraping import SCRAPED_SECONDS
from .values import PORT, PUSHED_OFTEN, SCRAPED_OFTEN, values

pytestmark = [pytest.mark.live, pytest.mark.cluster, pytest.mark.xdist_group("prometheus")]

UNITS = {
    "metrics": {"units": {"web": {}, "ticker": {"role": "task-runner", "workers": 1}}, "budget": {"series": 1000}},
    "workload": {
        "units": {
            "web": {"replicas": 1},
            "ticker": {
                "replicas": 1,
                "command": ["reference-service", "task-runner"],
                "probes": {"command": ["reference-service", "healthy"]},
            },
        }
    },
}


@pytest.fixture(scope="module")
def release(module_namespace: Namespace) -> Installed:
    installed = module_namespace.install(
        "aaa-api", "staging", overrides=values(SCRAPED_OFTEN, PUSHED_OFTEN, UNITS), wait=False
    )
    until_ready(installed)
    return installed


def unit(release: Installed, name: str) -> Pod:
    (pod,) = [pod for pod in pods_of(release) if pod.name.startswith(f"aaa-api-{name}-")]
    return pod


def test_each_unit_runs_by_itself(release: Installed) -> None:
    assert release.deployments == ("aaa-api-ticker", "aaa-api-web")
    assert restarts(release) == 0


def test_only_the_units_that_are_pulled_are_targets(release: Installed, prometheus: Prometheus) -> None:
    def scraped() -> list[tuple[str, str]]:
        found = [(t.labels["pod"], t.labels["job"]) for t in prometheus.targets(release.namespace) if t.health == "up"]
        if not found:
            raise Waiting("no target of it is up")
        return found

    targets = eventually(scraped, "Prometheus to scrape the API", deadline=SCRAPED_SECONDS)
    assert targets == [(unit(release, "web").name, "aaa-api-web")]


def test_series_tell_the_units_apart(release: Installed, prometheus: Prometheus) -> None:
    def known() -> tuple[set[str], set[tuple[str, str]]]:
        # Pushed series have no label `namespace` of the target, but the pod is in the worker's identity.
        wanted = {"service": "aaa-api", "environment": "staging"}
        pulled = prometheus.series("http_requests_in_progress", namespace=release.namespace, **wanted)
        pod = unit(release, "ticker").name
        pushed = [
            sample
            for sample in prometheus.series("task_runs_total", **wanted)
            if sample.labels["service_instance_id"].startswith(f"{pod}-pid-")
        ]
        if not pulled or not pushed:
            raise Waiting(f"it has {len(pulled)} pulled and {len(pushed)} pushed series")
        return {sample.labels["unit"] for sample in pulled}, {
            (sample.labels["unit"], sample.labels["service_name"]) for sample in pushed
        }

    pulled, pushed = eventually(known, "Prometheus to have series of both units", deadline=SCRAPED_SECONDS)
    assert pulled == {"web"}
    assert pushed == {("ticker", "aaa-api-ticker")}


def test_every_rule_of_both_is_evaluated_without_an_error(release: Installed, prometheus: Prometheus) -> None:
    expected = sorted(
        rule.get("alert") or rule["record"]
        for item in release.objects
        if item["kind"] == "PrometheusRule"
        for group in item["spec"]["groups"]
        for rule in group["rules"]
        if group.get("interval") is None  # the month's are evaluated too seldom to wait for
    )
    assert len(expected) > 20

    def evaluated() -> list[str]:
        rules = [rule for rule in prometheus.rules(release.namespace) if not rule.name.endswith("rate30d")]
        pending = [rule.name for rule in rules if rule.health == "unknown"]
        if len(rules) < len(expected) or pending:
            raise Waiting(f"it has {len(rules)} of {len(expected)} rules, not evaluated yet: {pending}")
        assert [(rule.name, rule.last_error) for rule in rules if rule.health != "ok"] == []
        return sorted(rule.name for rule in rules)

    assert eventually(evaluated, "Prometheus to evaluate the rules", deadline=SCRAPED_SECONDS) == expected


def test_callers_reach_the_unit_that_has_a_port(release: Installed, caller: CallerFactory) -> None:
    assert reachable(caller(release.namespace, service="aaa-gateway"), unit(release, "web"), PORT)
    assert not reachable(caller(release.namespace), unit(release, "web"), PORT)  # the control: a stranger
