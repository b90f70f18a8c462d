"""A service of several processes: each unit has its own objects, variables and selectors, and nothing of another's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from chart_harness import checks
from chart_harness.fixtures.rendering import ReleaseFactory
from chart_harness.frozen import thaw
from chart_harness.render import Release, RenderError, render

SHOP: dict[str, Any] = {
    "metrics": {
        "units": {
            "scheduler": {"role": "task-runner", "workers": 1},
            "sync": {"role": "amqp-consumer", "workers": 3, "subsystem": "sync"},
            "web": {"port": 8081, "portName": "web"},
            "gone": None,
        },
    },
    "workload": {
        "probes": {"command": ["healthy"]},
        "units": {
            "scheduler": {"command": ["schedule"], "replicas": 0, "probes": {"command": ["ticks"]}},
            "sync": {"args": ["--queue", "sync"], "resources": {"limits": {"memory": "1Gi"}}},
            "web": {"extraPorts": {"grpc": 9000}},
        },
    },
    "env": {
        "standard": {"LEVEL": "info", "RETRY": True, "TRIES": 5, "NOTE": "x", "GONE": "soon"},
        "units": {"sync": {"LEVEL": "debug", "RETRY": False, "TRIES": 0, "NOTE": "", "GONE": None, "QUEUE": "sync"}},
    },
}
UNITS = ["scheduler", "sync", "web"]


@pytest.fixture
def shop(release: ReleaseFactory) -> Release:
    """aaa-api in three units."""
    return release("aaa-api", "staging", overrides=SHOP)


def of(release: Release, kind: str) -> dict[str, Mapping[str, Any]]:
    """The objects of this kind by the unit their name says; the service's own name is the empty one."""
    found = {item["metadata"]["name"].removeprefix("aaa-api").removeprefix("-"): item for item in release.of_kind(kind)}
    assert len(found) == len(release.of_kind(kind))
    return found


def app(release: Release, unit: str) -> dict[str, Any]:
    (container,) = of(release, "Deployment")[unit]["spec"]["template"]["spec"]["containers"]
    return dict(thaw(container))


def env(release: Release, unit: str) -> dict[str, Any]:
    return {entry["name"]: entry.get("value") for entry in app(release, unit)["env"]}


def test_each_unit_has_what_it_needs_and_the_service_one_identity(shop: Release) -> None:
    assert list(of(shop, "ServiceAccount")) == [""]
    for kind in ("Deployment", "NetworkPolicy"):
        assert sorted(of(shop, kind)) == UNITS
    assert sorted(of(shop, "Service")) == ["web"]  # the others push
    assert sorted(of(shop, "ServiceMonitor")) == ["web"]
    for unit, deployment in of(shop, "Deployment").items():
        assert deployment["spec"]["template"]["spec"]["serviceAccountName"] == "aaa-api"
        assert deployment["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/component"] == unit


def test_pulled_units_have_each_a_monitor(release: ReleaseFactory) -> None:
    values = {**SHOP, "env": {"standard": {"PROMETHEUS_BACKEND": "prometheus"}}}
    pulled = release("aaa-api", "staging", overrides=values)
    for kind in ("Service", "ServiceMonitor"):
        assert sorted(of(pulled, kind)) == UNITS
    assert {unit: thaw(item["spec"]["ports"])[-1]["name"] for unit, item in of(pulled, "Service").items()} == {
        "scheduler": "metrics",
        "sync": "metrics",
        "web": "web",
    }
    assert checks.scrape_path(pulled) == []
    assert checks.selectors(pulled) == []


def test_pod_monitors_of_units_need_no_services(release: ReleaseFactory) -> None:
    values = {
        "metrics": {**SHOP["metrics"], "podMonitor": {"enabled": True}},
        "workload": SHOP["workload"],
        "env": {"standard": {"PROMETHEUS_BACKEND": "prometheus"}},
    }
    rendered = release("aaa-api", "staging", overrides=values)
    assert sorted(of(rendered, "Service")) == ["web"]
    assert rendered.of_kind("ServiceMonitor") == ()
    assert sorted(of(rendered, "PodMonitor")) == UNITS
    for unit, monitor in of(rendered, "PodMonitor").items():
        assert monitor["spec"]["selector"]["matchLabels"]["app.kubernetes.io/component"] == unit


def test_no_selector_takes_another_units_pods(shop: Release) -> None:
    pods = {unit: item["spec"]["template"]["metadata"]["labels"] for unit, item in of(shop, "Deployment").items()}

    def selected(labels: Mapping[str, str]) -> list[str]:
        return [unit for unit, own in sorted(pods.items()) if labels.items() <= own.items()]

    for unit, item in of(shop, "Deployment").items():
        assert selected(item["spec"]["selector"]["matchLabels"]) == [unit]
    for unit, item in of(shop, "NetworkPolicy").items():
        assert selected(item["spec"]["podSelector"]["matchLabels"]) == [unit]
    for unit, item in of(shop, "Service").items():
        assert selected(item["spec"]["selector"]) == [unit]
    assert selected({"app.kubernetes.io/name": "aaa-api"}) == UNITS  # as others name the service
    for check in (checks.env_list, checks.pod_security, checks.rollout, checks.selectors, checks.traffic_rules):
        assert check(shop) == []


def test_each_unit_is_told_who_it_is(shop: Release) -> None:
    for unit, workers in {"scheduler": "1", "sync": "3", "web": "2"}.items():
        told = env(shop, unit)
        assert told["CUSTOM_LABELS"] == f"environment=staging,service=aaa-api,unit={unit}"
        assert told["OTEL_SERVICE_NAME"] == f"aaa-api-{unit}"
        assert told["WEB_CONCURRENCY"] == workers
        assert ("OTEL_EXPORTER_OTLP_ENDPOINT" in told) == (unit != "web")
        assert ("METRICS_EXCLUDED_HANDLERS" in told) == (unit == "web")
        assert told.get("METRICS_SUBSYSTEM") == ("sync" if unit == "sync" else None)
    assert env(shop, "web")["METRICS_PORT"] == "8081"


def test_a_units_variables_lie_over_the_services_even_where_they_are_empty(shop: Release) -> None:
    own = {"LEVEL": "debug", "RETRY": "false", "TRIES": "0", "NOTE": "", "QUEUE": "sync"}
    names = {*own, "GONE"}
    assert {name: value for name, value in env(shop, "sync").items() if name in names} == own
    shared = {"LEVEL": "info", "RETRY": "true", "TRIES": "5", "NOTE": "x", "GONE": "soon"}
    assert {name: value for name, value in env(shop, "web").items() if name in names} == shared


def test_what_a_unit_runs(shop: Release) -> None:
    assert {unit: item["spec"]["replicas"] for unit, item in of(shop, "Deployment").items()} == {
        "scheduler": 0,  # over the service's 2
        "sync": 2,
        "web": 2,
    }
    assert app(shop, "scheduler")["command"] == ["schedule"]
    assert app(shop, "scheduler")["livenessProbe"]["exec"] == {"command": ["ticks"]}
    assert app(shop, "sync")["command"] == ["reference-service", "http-api"]
    assert app(shop, "sync")["args"] == ["--queue", "sync"]
    assert app(shop, "sync")["livenessProbe"]["exec"] == {"command": ["healthy"]}
    assert app(shop, "sync")["resources"] == {
        "requests": {"cpu": "200m", "memory": "256Mi"},
        "limits": {"memory": "1Gi"},
    }
    assert app(shop, "web")["livenessProbe"]["httpGet"]["port"] == "web"
    assert [(port["name"], port["containerPort"]) for port in app(shop, "web")["ports"]] == [
        ("grpc", 9000),
        ("web", 8081),
    ]


def test_a_unit_of_other_units_is_rendered_the_same(shop: Release, release: ReleaseFactory) -> None:
    """What one unit's block says never leaks into the next: the values of a unit are a copy."""
    alone = {**SHOP, "metrics": {"units": {"web": SHOP["metrics"]["units"]["web"]}}}
    alone["workload"] = {**SHOP["workload"], "units": {"web": SHOP["workload"]["units"]["web"]}}
    alone["env"] = {"standard": SHOP["env"]["standard"]}
    rendered = release("aaa-api", "staging", overrides=alone)
    for kind in ("Deployment", "Service", "ServiceMonitor", "NetworkPolicy"):
        assert of(rendered, kind)["web"] == of(shop, kind)["web"]


def test_null_takes_back_what_was_said_of_a_unit(shop: Release, release: ReleaseFactory) -> None:
    said = {"metrics": {"units": {"web": {"port": None, "portName": None, "workers": None, "role": None}}}}
    ran = {"workload": {"units": {"web": {"replicas": None, "command": None, "args": None}}}}
    plain = release("aaa-api", "staging", overrides={"metrics": {"units": {"web": {}}}})
    assert list(release("aaa-api", "staging", overrides={**said, **ran}).objects) == list(plain.objects)
    assert of(plain, "Service")["web"] != of(shop, "Service")["web"]


def test_a_removed_unit_takes_its_objects_along(shop: Release, release: ReleaseFactory) -> None:
    without = {
        **SHOP,
        "metrics": {"units": {**SHOP["metrics"]["units"], "sync": None}},
        "workload": {**SHOP["workload"], "units": {**SHOP["workload"]["units"], "sync": None}},
        "env": {**SHOP["env"], "units": {"sync": None}},
    }
    rendered = release("aaa-api", "staging", overrides=without)
    kept = [item for item in shop.objects if not item["metadata"]["name"].startswith("aaa-api-sync")]
    assert len(kept) < len(shop.objects)
    assert list(rendered.objects) == kept


def test_a_service_whose_units_have_all_their_own_role(root: Path, tmp_path: Path) -> None:
    chart = tmp_path / "bare"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text(
        "apiVersion: v2\nname: bare\nversion: 0.1.0\nappVersion: '1'\ndependencies:\n"
        f"  - {{name: metrics, version: ^1.0.0, repository: 'file://{root}/charts/metrics'}}\n"
        f"  - {{name: workload, version: ^1.0.0, repository: 'file://{root}/charts/workload'}}\n"
    )
    for library in ("metrics", "workload"):
        (chart / "templates" / f"{library}.yaml").write_text(f'{{{{ include "{library}.v1.all" . }}}}\n')
    values: dict[str, dict[str, Any]] = {
        "metrics": {"environment": "test", "units": {"web": {"role": "http-api"}}},
        "workload": {"image": {"repository": "bare"}, "resources": {"limits": {"memory": "1Gi"}}},
    }
    rendered = render(chart, name="bare", overrides=values)
    assert "app.kubernetes.io/component" not in rendered.one("ServiceAccount")["metadata"]["labels"]
    assert rendered.one("Deployment")["metadata"]["name"] == "bare-web"
    values["metrics"]["units"] = {"web": {}}
    with pytest.raises(RenderError) as caught:
        render(chart, name="bare", overrides=values)
    assert caught.value.sentence == 'metrics.units.web.role is "": set it to http-api, amqp-consumer or task-runner.'


def test_a_name_that_no_object_may_have(render_service: Callable[..., Release]) -> None:
    units: dict[str, Any] = {"metrics": {"units": {"a-unit-of-20-letters": {}}}}
    name = f"{'r' * 45}-aaa-api-a-unit-of-20-letters"
    assert render_service(units, name="r" * 34).one("Deployment")["metadata"]["name"] == name[11:]
    with pytest.raises(RenderError) as caught:
        render_service(units, name="r" * 45)
    assert caught.value.sentence == (
        f"metrics.units.a-unit-of-20-letters makes names such as {name}, which has {len(name)} characters, "
        "and 63 are allowed: use a shorter name for the unit or the release."
    )


def test_a_foreign_chart_asks_for_one_unit_at_a_time(root: Path, tmp_path: Path, container: Callable[..., Any]) -> None:
    chart = tmp_path / "foreign"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text(
        "apiVersion: v2\nname: foreign\nversion: 0.1.0\ndependencies:\n"
        f"  - {{name: metrics, version: ^1.0.0, repository: 'file://{root}/charts/metrics'}}\n"
    )
    deployment = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: foreign}\nspec:\n  selector: {matchLabels: {a: b}}\n"
        "  template:\n    metadata: {labels: {a: b}}\n    spec:\n      containers:\n        - name: app\n          image: x\n"
        "          env: {{- include ENV | nindent 12 }}\n"
    )
    path = chart / "templates" / "deployment.yaml"
    values = {"metrics": {"environment": "test", "role": "http-api", "units": {"web": {}}}}
    path.write_text(deployment.replace("ENV", '"metrics.v1.inUnit" (list . "web" "metrics.v1.env")'))
    told = {entry["name"]: entry.get("value") for entry in container(render(chart, name="f", overrides=values))["env"]}
    assert told["CUSTOM_LABELS"] == "environment=test,service=foreign,unit=web"
    empty = {**values, "env": {"standard": None, "units": None}}  # no schema refuses it here
    assert container(render(chart, name="f", overrides=empty)) == container(render(chart, name="f", overrides=values))
    path.write_text(deployment.replace("ENV", '"metrics.v1.env" .'))
    with pytest.raises(RenderError) as caught:
        render(chart, name="f", overrides=values)
    assert caught.value.sentence == (
        'metrics.units names web, and a container belongs to one of them: in place of `include "metrics.v1.env" .` write '
        '`include "metrics.v1.inUnit" (list . "web" "metrics.v1.env")`, and the same for the other templates.'
    )
