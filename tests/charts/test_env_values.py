"""What the variables say, word for word, and how values become text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chart_harness import checks
from chart_harness.fixtures.rendering import ReleaseFactory
from chart_harness.render import Release

Env = Callable[[Release], dict[str, Any]]


def test_an_api_in_staging(release: ReleaseFactory, env: Env) -> None:
    values = env(release("aaa-api", "staging", overrides={"metrics": {"budget": {"series": 1000}}}))
    texts = {name: value for name, value in values.items() if isinstance(value, str)}
    assert texts == {
        "CUSTOM_LABELS": "environment=staging,service=aaa-api",
        "METRICS_EXCLUDED_HANDLERS": "/metrics,/health/.*",
        "METRICS_PATH": "/metrics",
        "METRICS_PORT": "8080",
        "METRICS_SERIES_BUDGET": "500",
        "OTEL_RESOURCE_ATTRIBUTES": ",".join(
            [
                "deployment.environment.name=staging",
                "k8s.namespace.name=$(K8S_NAMESPACE_NAME)",
                "k8s.node.name=$(K8S_NODE_NAME)",
                "k8s.pod.name=$(K8S_POD_NAME)",
                "k8s.pod.uid=$(K8S_POD_UID)",
                "service.namespace=$(K8S_NAMESPACE_NAME)",
                "service.version=0.1.0",
            ]
        ),
        "OTEL_SERVICE_NAME": "aaa-api",
        "PROMETHEUS_BACKEND": "otel",
        "PROMETHEUS_METRICS_ENABLE": "true",
        "WEB_CONCURRENCY": "2",
    }
    read = {name: value["fieldRef"]["fieldPath"] for name, value in values.items() if name.startswith("K8S_")}
    assert read == {
        "K8S_NAMESPACE_NAME": "metadata.namespace",
        "K8S_NODE_NAME": "spec.nodeName",
        "K8S_POD_NAME": "metadata.name",
        "K8S_POD_UID": "metadata.uid",
    }


def test_a_consumer_that_pushes(release: ReleaseFactory, env: Env) -> None:
    values = env(release("event-recorder", "staging"))
    assert values["METRICS_PUSH_INTERVAL"] == "15s"
    assert values["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://opentelemetry-collector.monitoring.svc.cluster.local:4318"
    assert values["OTEL_EXPORTER_OTLP_PROTOCOL"] == "http/protobuf"
    assert values["AMQP_URL"] == "amqp://rabbitmq.messaging.svc.cluster.local:5672/"


def test_headers_come_from_a_secret(release: ReleaseFactory, env: Env) -> None:
    overrides = {"metrics": {"otlp": {"headersSecret": {"name": "otlp", "key": "headers"}}}}
    for service, wanted in (("event-recorder", True), ("aaa-api", False)):  # an API is pulled: it sends no headers
        values = env(release(service, "staging", overrides=overrides))
        assert ("OTEL_EXPORTER_OTLP_HEADERS" in values) is wanted
    rendered = release("event-recorder", "staging", overrides=overrides)
    assert env(rendered)["OTEL_EXPORTER_OTLP_HEADERS"] == {"secretKeyRef": {"name": "otlp", "key": "headers"}}
    assert "OTEL_EXPORTER_OTLP_HEADERS" not in env(release("event-recorder", "staging"))


@pytest.mark.parametrize(
    ("temporality", "said"), [("cumulative", None), ("delta", "delta"), ("lowmemory", "lowmemory")]
)
def test_only_a_process_that_pushes_is_told_what_a_push_tells(
    release: ReleaseFactory, env: Env, temporality: str, said: str | None
) -> None:
    overrides = {"metrics": {"otlp": {"temporality": temporality}}}
    name = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"
    assert env(release("event-recorder", "staging", overrides=overrides)).get(name) == said
    assert name not in env(release("aaa-api", "staging", overrides=overrides))
    assert name not in env(release("event-recorder", "production", overrides=overrides))


def test_more_resource_attributes_stand_among_the_charts_own(release: ReleaseFactory, env: Env) -> None:
    more = {"cloud.region": "eu-1", "host.name": "$(K8S_NODE_NAME)", "team": "red", "gone": None, "zone": ""}
    overrides = {"metrics": {"otlp": {"resourceAttributes": more}}}
    text = env(release("aaa-api", "staging", overrides=overrides))["OTEL_RESOURCE_ATTRIBUTES"]
    own = env(release("aaa-api", "staging"))["OTEL_RESOURCE_ATTRIBUTES"]
    added = ["cloud.region=eu-1", "host.name=$(K8S_NODE_NAME)", "team=red"]
    assert text.split(",") == sorted([*own.split(","), *added])


@pytest.mark.parametrize(
    ("series", "workers", "share"), [(0, 4, None), (400, 1, "400"), (400, 4, "100"), (1000, 3, "333"), (100, 1, "100")]
)
def test_a_worker_gets_its_share_of_the_budget(
    release: ReleaseFactory, env: Env, series: int, workers: int, share: str | None
) -> None:
    overrides = {"metrics": {"budget": {"series": series}, "workers": workers}}
    for service in ("aaa-api", "event-recorder"):  # pulled and pushed alike
        found = env(release(service, "staging", overrides=overrides)).get("METRICS_SERIES_BUDGET")
        assert found == share
        assert int(found or 0) * workers <= series  # a page above the monitor's sampleLimit is lost whole
    off = {"metrics": {"enabled": False, "budget": {"series": series}, "workers": workers}}
    assert "METRICS_SERIES_BUDGET" not in env(release("aaa-api", "staging", overrides=off))


def test_a_page_is_kept_only_where_it_is_asked_for(release: ReleaseFactory, env: Env) -> None:
    cached = {"metrics": {"scrapeCache": True}}
    assert env(release("aaa-api", "staging", overrides=cached))["METRICS_SCRAPE_CACHE"] == "true"
    assert "METRICS_SCRAPE_CACHE" not in env(release("aaa-api", "staging"))
    assert "METRICS_SCRAPE_CACHE" not in env(release("event-recorder", "staging", overrides=cached))  # it pushes


@pytest.mark.parametrize(("value", "text"), [(True, "true"), (False, "false"), (None, None)])
def test_datadogs_tracer_is_told_what_the_values_say(
    release: ReleaseFactory, env: Env, value: bool | None, text: str | None
) -> None:
    assert env(release("aaa-api", "staging", overrides={"dd_trace_enabled": value})).get("DD_TRACE_ENABLED") == text
    assert "DD_TRACE_ENABLED" not in env(release("aaa-api", "staging"))


@pytest.mark.parametrize(
    ("metrics", "name", "text"),
    [
        ({"namespace": "shop"}, "METRICS_NAMESPACE", "shop"),
        ({"subsystem": "cart"}, "METRICS_SUBSYSTEM", "cart"),
        ({"port": 9102}, "METRICS_PORT", "9102"),
        ({"path": "/internal/metrics"}, "METRICS_PATH", "/internal/metrics"),
        ({"path": "/m.txt"}, "METRICS_EXCLUDED_HANDLERS", r"/m\.txt,/health/.*"),
        ({"excludedHandlers": {"admin": "/admin/.*"}}, "METRICS_EXCLUDED_HANDLERS", "/metrics,/admin/.*,/health/.*"),
        ({"excludedHandlers": {"health": None}}, "METRICS_EXCLUDED_HANDLERS", "/metrics"),
        ({"excludedHandlers": {"page": "/metrics"}}, "METRICS_EXCLUDED_HANDLERS", "/metrics,/health/.*"),
        (
            {"customLabels": {"team": "red", "area": "b"}},
            "CUSTOM_LABELS",
            "area=b,environment=staging,service=aaa-api,team=red",
        ),
        ({"customLabels": {"team": None}}, "CUSTOM_LABELS", "environment=staging,service=aaa-api"),
        ({"workers": 4}, "WEB_CONCURRENCY", "4"),
    ],
)
def test_values_become_variables(
    release: ReleaseFactory, env: Env, metrics: dict[str, Any], name: str, text: str
) -> None:
    assert env(release("aaa-api", "staging", overrides={"metrics": metrics}))[name] == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        ("", ""),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (1000000, "1000000"),
        (123456789012, "123456789012"),
        (-5, "-5"),
        (1.5, "1.5"),
        ("1e3", "1e3"),
        ("yes", "yes"),
        ('say "hi": $(NOT_SET) {{ x }} # \\', 'say "hi": $(NOT_SET) {{ x }} # \\'),
        ("<a&b>", "<a&b>"),
        ("two\nlines\n", "two\nlines\n"),
        ("grün", "grün"),
    ],
)
def test_standard_values_keep_their_text(release: ReleaseFactory, env: Env, value: object, text: str) -> None:
    assert env(release("aaa-api", "staging", overrides={"env": {"standard": {"X": value}}}))["X"] == text


@pytest.mark.parametrize("name", ["Y", "on", "NO", "null", "_1"])
def test_names_that_yaml_would_misread(release: ReleaseFactory, env: Env, name: str) -> None:
    rendered = release("aaa-api", "staging", overrides={"env": {"standard": {name: "x"}}})
    assert env(rendered)[name] == "x"
    assert checks.env_list(rendered) in ([], ["Deployment aaa-api, container app: the env list is not sorted by name."])


def test_null_removes_a_variable(release: ReleaseFactory, env: Env) -> None:
    gone = {"env": {"standard": {"AMQP_URL": None, "NEVER_THERE": None}}}
    names = set(env(release("event-recorder", "staging")))
    assert set(env(release("event-recorder", "staging", overrides=gone))) == names - {"AMQP_URL"}


def test_the_service_name_never_holds_the_environment(
    release: ReleaseFactory, env: Env, pilot: str, environment: str
) -> None:
    backend = {"env": {"standard": {"PROMETHEUS_BACKEND": "otel"}}}
    values = env(release(pilot, environment, overrides=backend))
    assert values["OTEL_SERVICE_NAME"] == pilot
    assert f"deployment.environment.name={environment}," in values["OTEL_RESOURCE_ATTRIBUTES"]


def test_the_release_name_does_not_rename_the_service(render_service: Callable[..., Release], env: Env) -> None:
    rendered = render_service({}, name="blue", namespace="team")
    assert env(rendered)["OTEL_SERVICE_NAME"] == "aaa-api"
    assert rendered.one("Deployment")["metadata"]["name"] == "blue-aaa-api"
    assert checks.scrape_path(rendered) == []
    assert checks.selectors(rendered) == []


def test_the_version_follows_the_tag(release: ReleaseFactory, env: Env, container: Callable[[Release], Any]) -> None:
    rendered = release("aaa-api", "staging", overrides={"workload": {"image": {"tag": "2.0.0"}}})
    assert container(rendered)["image"] == "reference-service:2.0.0"
    assert env(rendered)["OTEL_RESOURCE_ATTRIBUTES"].endswith("service.version=2.0.0")
    assert rendered.one("Deployment")["metadata"]["labels"]["app.kubernetes.io/version"] == "2.0.0"
