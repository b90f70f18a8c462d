"""The services there are, and what each renders: a chart that renders less must not make any other test pass by it.

What holds for every service is asked of the whole fleet at once; the tables say only what differs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from chart_harness.checks import POLICIES, Policy
from chart_harness.fleet import environments, services
from chart_harness.render import Release

from .conftest import ROOT
from .rendered_fleet import fleet, written

ROLES = {
    "http-api": """
        aaa-api aaa-gateway assets-api data-collection-api decisions-api dependencies-api incidents-api intel-api
        intel-requests-api locations-api outage-mock-server outage-scans-api outage-validation-api predictions-api public-api
        satellite-api usage-api web-tool-api""",
    "amqp-consumer": """
        ai-prediction-tester alarm-lifecycle-manager asset-monitor asset-status-updater cache-updater event-recorder
        feed-monitor intel-searcher message-amplifier notification-sender outage-updater regional-outage-collector""",
    "task-runner": """
        archive-tagger asset-outage-notifier broken-utility-detector current-incidents-cache-pruner customer-utility-updater
        feed-config-server load-test-notification-sender outage-cache-warmer outage-validation-task-manager
        regional-outage-feeder search-retry-feeder transformers-api""",
}
FORTY_TWO = {name: role for role, names in ROLES.items() for name in names.split()}
"""The fleet as it was handed over. Services may be added; one that is missing, or of another role, is a mistake."""

UNTRACED = {
    "feed-config-server",
    "intel-searcher",
    "load-test-notification-sender",
    "outage-mock-server",
    "search-retry-feeder",
}
"""The services whose values turn Datadog's tracer off, in both environments: it stays where it is."""

PORTS = {"outage-mock-server": 9090, "public-api": 8000, "satellite-api": 8081}
EXTRA_PORTS = {"feed-config-server": {"config": 8090}, "transformers-api": {"lookup": 8070}}
PREFIXES = {"usage-api": "usage"}
# Of these two the limit is the same in both environments: the live tests measure them against it.
AS_MUCH_IN_STAGING = {"archive-tagger", "event-recorder"}

RUN = {"ConfigMap", "Deployment", "NetworkPolicy", "PrometheusRule", "ServiceAccount"}
PULLED = RUN | {"Service", "ServiceMonitor"}
EVERY = [(service, environment) for service in services(ROOT) for environment in environments(ROOT, service)]


def app(release: Release) -> Mapping[str, Any]:
    """The service's only container."""
    (found,) = release.one("Deployment")["spec"]["template"]["spec"]["containers"]
    return dict(found)


def variables(release: Release) -> dict[str, Any]:
    return {entry["name"]: entry.get("value") for entry in app(release)["env"]}


def mebibytes(quantity: str) -> int:
    assert quantity.endswith("Mi"), quantity
    return int(quantity.removesuffix("Mi"))


def test_the_forty_two_are_there() -> None:
    assert len(FORTY_TWO) == 42
    assert {name: written(name, "staging")[0]["metrics"]["role"] for name in FORTY_TWO} == FORTY_TWO
    assert {environment for _, environment in EVERY} == {"production", "staging"}
    assert len(EVERY) == 2 * len(services(ROOT)) >= 84


def test_each_renders_and_the_api_server_would_take_it() -> None:
    assert dict(fleet().errors) == {}
    assert set(fleet().releases) == set(EVERY)


@pytest.mark.parametrize("policy", POLICIES, ids=[policy.name for policy in POLICIES])
def test_the_whole_fleet_keeps_the_policy(policy: Policy) -> None:
    problems = {pair: policy.assess(fleet().releases[pair]) for pair in EVERY}
    assert {pair: found for pair, found in problems.items() if found} == {}


def backend(special: Mapping[str, Any]) -> str | None:
    """What an environment's values say that the metrics are recorded with."""
    said: str | None = special.get("env", {}).get("standard", {}).get("PROMETHEUS_BACKEND")
    return said


def test_kinds() -> None:
    for service, environment in EVERY:
        own, special = written(service, environment)
        pulled = own["metrics"]["role"] == "http-api" or backend(special) is None
        served = {"Service"} if "extraPorts" in own["workload"] else set()
        rendered = [item["kind"] for item in fleet().releases[service, environment].objects]
        assert sorted(rendered) == sorted(PULLED if pulled else RUN | served), (service, environment)


def test_every_object_is_in_the_release_namespace_and_named_after_the_service() -> None:
    for service, environment in EVERY:
        for item in fleet().releases[service, environment].objects:
            metadata = item["metadata"]
            name = f"{service}-dashboard" if item["kind"] == "ConfigMap" else service
            assert (metadata["name"], metadata["namespace"]) == (name, environment)
            assert metadata["labels"]["app.kubernetes.io/name"] == service
            assert metadata["labels"]["app.kubernetes.io/instance"] == service
            assert (
                metadata["labels"]["app.kubernetes.io/component"] == written(service, environment)[0]["metrics"]["role"]
            )
            assert metadata["labels"]["app.kubernetes.io/version"] == "0.1.0"
            assert metadata["labels"]["helm.sh/chart"] == f"{service}-0.1.0"


def test_the_backend_is_otel_in_every_staging_file_and_in_production_where_it_was_promoted() -> None:
    for service, environment in EVERY:
        own, special = written(service, environment)
        assert "PROMETHEUS_BACKEND" not in own.get("env", {}).get("standard", {}), service
        said = backend(special)
        proof = ROOT / "charts" / "services" / service / "environments" / environment / "promotion.dsse.json"
        proved = environment == "staging" or proof.is_file()
        assert said == ("otel" if proved else None), (service, environment)
        rendered = variables(fleet().releases[service, environment])["PROMETHEUS_BACKEND"]
        assert rendered == (said or "prometheus"), (service, environment)


def test_the_tracer_is_off_where_it_was() -> None:
    assert {name for name in services(ROOT) if written(name, "staging")[0].get("dd_trace_enabled") is False} == UNTRACED
    assert [pair for pair in EVERY if "dd_trace_enabled" in written(*pair)[1]] == []
    for service, environment in EVERY:
        said = variables(fleet().releases[service, environment]).get("DD_TRACE_ENABLED")
        assert said == ("false" if service in UNTRACED else None), (service, environment)


def test_what_runs() -> None:
    for service, environment in EVERY:
        release = fleet().releases[service, environment]
        container = app(release)
        role = written(service, environment)[0]["metrics"]["role"]
        assert container["image"] == "reference-service:0.1.0"
        assert container["command"] == ("reference-service", role)
        assert set(container["resources"]["requests"]) == {"cpu", "memory"}
        for probe, path in {"startupProbe": "live", "readinessProbe": "ready", "livenessProbe": "live"}.items():
            if role == "http-api":
                assert container[probe]["httpGet"] == {"path": f"/health/{path}", "port": "http"}
            else:
                assert container[probe]["exec"]["command"] == ("reference-service", "healthy")


def test_ports_and_prefixes() -> None:
    for service, environment in EVERY:
        told = variables(fleet().releases[service, environment])
        assert told.get("METRICS_PORT") in {str(PORTS.get(service, 8080)), None}, (service, environment)
        assert told.get("METRICS_NAMESPACE") == PREFIXES.get(service), (service, environment)
        open_ports = {
            port["name"]: port["containerPort"] for port in app(fleet().releases[service, environment]).get("ports", ())
        }
        own = {"http", "metrics"} & set(open_ports)
        extra = {name: number for name, number in open_ports.items() if name not in own}
        assert extra == EXTRA_PORTS.get(service, {}), (service, environment)
        assert {f"{name.upper()}_PORT": str(number) for name, number in extra.items()}.items() <= told.items()


def test_production_has_more_than_staging() -> None:
    for service in services(ROOT):
        staging, production = (fleet().releases[service, environment] for environment in ("staging", "production"))
        limits = [mebibytes(app(release)["resources"]["limits"]["memory"]) for release in (staging, production)]
        assert limits[0] <= limits[1], service
        assert (limits[0] == limits[1]) <= (service in AS_MUCH_IN_STAGING or service not in FORTY_TWO), service
        replicas = [release.one("Deployment")["spec"]["replicas"] for release in (staging, production)]
        assert replicas[0] <= replicas[1], service
        budgets = [int(variables(release).get("METRICS_SERIES_BUDGET") or 0) for release in (staging, production)]
        assert budgets[0] <= budgets[1], service


def test_the_pilots_are_as_the_live_tests_expect_them() -> None:
    expected = {
        "aaa-api": (2, "2", "368Mi", "512Mi"),
        "archive-tagger": (1, "1", "256Mi", "256Mi"),
        "event-recorder": (1, "1", "256Mi", "256Mi"),
    }
    for service, (replicas, workers, staging, production) in expected.items():
        for environment, limit in (("staging", staging), ("production", production)):
            release = fleet().releases[service, environment]
            assert release.one("Deployment")["spec"]["replicas"] == replicas
            assert variables(release)["WEB_CONCURRENCY"] == workers
            assert app(release)["resources"]["limits"]["memory"] == limit


def test_pod_labels_do_not_restart_pods_when_only_the_chart_changes() -> None:
    for pair in EVERY:
        labels = fleet().releases[pair].one("Deployment")["spec"]["template"]["metadata"]["labels"]
        assert "helm.sh/chart" not in labels
        assert labels["app.kubernetes.io/version"] == "0.1.0"
