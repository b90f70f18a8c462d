"""The services there are, and what each renders: a chart that renders less must not make any other test pass by it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from chart_harness import checks
from chart_harness.fixtures.rendering import ReleaseFactory
from chart_harness.fleet import environments, services
from chart_harness.render import Release

PULLED = {"Deployment", "NetworkPolicy", "Service", "ServiceAccount", "ServiceMonitor"}
PUSHED = {"Deployment", "NetworkPolicy", "ServiceAccount"}
RENDERED = {
    ("aaa-api", "production"): PULLED,
    ("aaa-api", "staging"): PULLED,
    ("archive-tagger", "production"): PULLED,
    ("archive-tagger", "staging"): PUSHED,
    ("event-recorder", "production"): PULLED,
    ("event-recorder", "staging"): PUSHED,
}
RUNS = {
    "aaa-api": ("http-api", 2, 2, "368Mi", "512Mi"),
    "archive-tagger": ("task-runner", 1, 1, "256Mi", "256Mi"),
    "event-recorder": ("amqp-consumer", 1, 1, "256Mi", "256Mi"),
}


def test_the_fleet_is_the_one_described_here(root: Path) -> None:
    assert {(s, e) for s in services(root) for e in environments(root, s)} == set(RENDERED)


def test_kinds(release: ReleaseFactory, service: str, environment: str) -> None:
    rendered = release(service, environment)
    assert sorted(item["kind"] for item in rendered.objects) == sorted(RENDERED[service, environment])


def test_every_object_is_in_the_release_namespace_and_named_after_the_service(
    release: ReleaseFactory, service: str, environment: str
) -> None:
    for item in release(service, environment).objects:
        metadata = item["metadata"]
        assert (metadata["name"], metadata["namespace"]) == (service, environment)
        assert metadata["labels"]["app.kubernetes.io/name"] == service
        assert metadata["labels"]["app.kubernetes.io/instance"] == service
        assert metadata["labels"]["app.kubernetes.io/component"] == RUNS[service][0]
        assert metadata["labels"]["app.kubernetes.io/version"] == "0.1.0"
        assert metadata["labels"]["helm.sh/chart"] == f"{service}-0.1.0"


@pytest.mark.parametrize(
    "check", [checks.env_list, checks.pod_security, checks.rollout, checks.selectors, checks.traffic_rules]
)
def test_checks_that_hold_for_every_service(
    release: ReleaseFactory, service: str, environment: str, check: Callable[[Release], list[str]]
) -> None:
    assert check(release(service, environment)) == []


def test_what_is_pulled_can_be_reached(release: ReleaseFactory, service: str, environment: str) -> None:
    pulled = RENDERED[service, environment] is PULLED
    assert checks.scrape_path(release(service, environment)) == (
        [] if pulled else ["The release has no ServiceMonitor."]
    )


def test_what_runs(
    release: ReleaseFactory, service: str, environment: str, container: Callable[[Release], Mapping[str, Any]]
) -> None:
    role, replicas, workers, staging_limit, production_limit = RUNS[service]
    rendered = release(service, environment)
    app = container(rendered)
    assert rendered.one("Deployment")["spec"]["replicas"] == replicas
    assert app["image"] == "reference-service:0.1.0"
    assert app["command"] == ("reference-service", role)
    assert {"name": "WEB_CONCURRENCY", "value": str(workers)} in [dict(entry) for entry in app["env"]]
    assert app["resources"]["limits"]["memory"] == (staging_limit if environment == "staging" else production_limit)
    assert set(app["resources"]["requests"]) == {"cpu", "memory"}


def test_probes(
    release: ReleaseFactory, service: str, environment: str, container: Callable[[Release], Mapping[str, Any]]
) -> None:
    app = container(release(service, environment))
    paths = {"startupProbe": "/health/live", "readinessProbe": "/health/ready", "livenessProbe": "/health/live"}
    for probe, path in paths.items():
        if service == "aaa-api":
            assert app[probe]["httpGet"] == {"path": path, "port": "http"}
        else:
            assert app[probe]["exec"]["command"] == ("reference-service", "healthy")


def test_pod_labels_do_not_restart_pods_when_only_the_chart_changes(
    release: ReleaseFactory, service: str, environment: str
) -> None:
    labels = release(service, environment).one("Deployment")["spec"]["template"]["metadata"]["labels"]
    assert "helm.sh/chart" not in labels
    assert labels["app.kubernetes.io/version"] == "0.1.0"
