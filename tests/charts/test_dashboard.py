"""The Grafana dashboard: what it is made of, and that it is Grafana's JSON. Its queries are asked in tests/containers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from chart_harness.promtool.rule import selectors
from chart_harness.render import Release, render

Render = Callable[..., Release]

WORK = {
    "aaa-api": ("Requests", "handler"),
    "event-recorder": ("Messages", "queue"),
    "archive-tagger": ("Runs", "task"),
}
PROMISE = {"slo": {"availability": 99.9}}
NO_PROMISE = {"slo": {"availability": 0, "latency": {"p99": None}}}


def dashboard(release: Release) -> dict[str, Any]:
    """What the only ConfigMap holds."""
    [text] = release.one("ConfigMap")["data"].values()
    found: dict[str, Any] = json.loads(text)
    return found


def panels(release: Release) -> dict[str, Mapping[str, Any]]:
    return {panel["title"]: panel for panel in dashboard(release)["panels"]}


def queries(panel: Mapping[str, Any]) -> list[str]:
    return [target["expr"] for target in panel["targets"]]


@pytest.mark.parametrize("service", WORK)
def test_panels(render_service: Render, service: str) -> None:
    work, source = WORK[service]
    found = panels(render_service({"metrics": NO_PROMISE}, service))
    assert list(found) == [
        f"{work} per second, by status",
        "Failures",
        "Durations",
        "Duration quantiles",
        f"{work} per second, by {source}",
        "In progress, by worker",
        "Memory against limit",
        "Worker processes",
        "Restarts",
        "Series",
    ]
    assert found["Durations"]["type"] == "heatmap"
    assert found["Durations"]["targets"][0]["format"] == "heatmap"
    assert f"sum by ({source})" in queries(found[f"{work} per second, by {source}"])[0]
    with_promise = panels(render_service({"metrics": PROMISE}, service))
    assert list(with_promise)[10:] == ["Budget for failures left", "Broken promises"]


def test_promises_are_drawn_only_where_they_are_recorded(render_service: Render) -> None:
    unrecorded = {"metrics": {**PROMISE, "alerts": {"create": "never"}}}
    assert "Broken promises" not in panels(render_service(unrecorded))
    assert "Broken promises" not in panels(render_service({"metrics": PROMISE}, api_versions=()))


@pytest.mark.parametrize("service", WORK)
def test_it_is_as_grafana_wants_it(render_service: Render, service: str) -> None:
    found = dashboard(render_service({"metrics": PROMISE}, service))
    assert found["timezone"] == "utc"
    assert [(v["name"], v["type"], v["query"]) for v in found["templating"]["list"]] == [
        ("datasource", "datasource", "prometheus")
    ]
    source = {"type": "prometheus", "uid": "${datasource}"}
    taken: set[tuple[int, int]] = set()
    for panel in found["panels"]:
        assert panel["datasource"] == source
        assert [target["datasource"] for target in panel["targets"]] == [source] * len(panel["targets"])
        assert [target["refId"] for target in panel["targets"]] == list("ABCDEFGH")[: len(panel["targets"])]
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken
        assert {x for x, _ in cells} <= set(range(24))
        taken |= cells
        assert panel["description"]
        defaults = panel["fieldConfig"]["defaults"]
        assert defaults["unit"]
        assert ("min" in defaults) is (panel["title"] != "Budget for failures left")
    ids = [panel["id"] for panel in found["panels"]]
    assert ids == list(range(1, len(ids) + 1))
    assert len(found["uid"]) <= 40


@pytest.mark.parametrize("service", WORK)
def test_every_query_asks_for_this_service_alone(render_service: Render, service: str) -> None:
    metrics = {**PROMISE, "budget": {"series": 2000}}
    for panel in dashboard(render_service({"metrics": metrics}, service))["panels"]:
        for query in queries(panel):
            for selector in selectors(query.replace("$__rate_interval", "5m")):
                if selector.name != "scrape_samples_post_metric_relabeling":
                    matchers = {m.name: m.value for m in selector.matchers.matchers}
                    assert matchers.items() >= {("service", service), ("environment", "staging")}, query


def test_limits_are_drawn(render_service: Render) -> None:
    limits = {
        "metrics": {"workers": 3, "budget": {"series": 2000}},
        "workload": {"resources": {"limits": {"memory": "1Gi"}}},
    }
    found = panels(render_service(limits))
    assert "vector(1073741824)" in queries(found["Memory against limit"])
    assert "vector(3)" in queries(found["Worker processes"])
    assert "vector(2000)" in queries(found["Series"])
    without = panels(render_service({"metrics": {"budget": {"series": 0}}}))
    assert len(queries(without["Series"])) == 1


@pytest.mark.parametrize(
    ("memory", "limit"),
    [
        ("128Mi", ["vector(134217728)"]),
        ("1.5G", ["vector(1500000000)"]),
        (500_000_000, ["vector(500000000)"]),
        ("64 m³", []),
        (None, []),
    ],
)
def test_the_limit_of_a_chart_that_deploys_by_itself(root: Path, tmp_path: Path, memory: Any, limit: list[str]) -> None:
    """It depends on `metrics` alone, so nobody has held its `workload` against a schema, if it has one at all."""
    (tmp_path / "templates").mkdir()
    metrics = {"name": "metrics", "version": ">=1.0.0", "repository": f"file://{root / 'charts' / 'metrics'}"}
    chart = {"apiVersion": "v2", "name": "legacy", "version": "1.0.0", "appVersion": "1", "dependencies": [metrics]}
    (tmp_path / "Chart.yaml").write_text(yaml.safe_dump(chart), encoding="utf-8")
    (tmp_path / "templates" / "metrics.yaml").write_text('{{ include "metrics.v1.all" . }}', encoding="utf-8")
    overrides: dict[str, Any] = {"metrics": {"role": "http-api", "environment": "staging"}}
    if memory:
        overrides["workload"] = {"resources": {"limits": {"memory": memory}}}
    found = panels(render(tmp_path, name="legacy", overrides=overrides))
    assert queries(found["Memory against limit"])[1:] == limit


def test_one_for_each_unit_and_each_its_own(render_service: Render) -> None:
    units = {"run": {"role": "task-runner"}, "web": {}}
    workload = {"probes": {"command": ["healthy"]}, "units": {"run": {}, "web": {}}}
    release = render_service({"metrics": {"units": units}, "workload": workload})
    maps = release.of_kind("ConfigMap")
    assert [item["metadata"]["name"] for item in maps] == ["aaa-api-run-dashboard", "aaa-api-web-dashboard"]
    found = [json.loads(text) for item in maps for text in item["data"].values()]
    assert [item["title"] for item in found] == ["aaa-api-run (staging)", "aaa-api-web (staging)"]
    assert len({item["uid"] for item in found}) == 2
    assert len({key for item in maps for key in item["data"]}) == 2


def test_two_namespaces_share_neither_file_nor_address(render_service: Render) -> None:
    """One Grafana shows all environments, and its sidecar keeps their files in one folder."""
    here, there = (render_service({}, namespace=name).one("ConfigMap") for name in ("here", "there"))
    assert set(here["data"]).isdisjoint(there["data"])
    uids = {json.loads(text)["uid"] for item in (here, there) for text in item["data"].values()}
    assert len(uids) == 2


def test_when_there_is_none(render_service: Render) -> None:
    assert len(render_service({}).of_kind("ConfigMap")) == 1
    assert render_service({"metrics": {"dashboard": {"enabled": False}}}).of_kind("ConfigMap") == ()
    assert render_service({"metrics": {"enabled": False}}).of_kind("ConfigMap") == ()


def test_its_labels(render_service: Render) -> None:
    labels = {"grafana_dashboard": None, "folder": "shop"}
    found = render_service({"metrics": {"dashboard": {"labels": labels}}}).one("ConfigMap")["metadata"]["labels"]
    assert found["folder"] == "shop"
    assert "grafana_dashboard" not in found
    bare = render_service({"metrics": {"dashboard": {"labels": {"grafana_dashboard": None}}}}).one("ConfigMap")
    assert set(bare["metadata"]["labels"]) == set(found) - {"folder"}
