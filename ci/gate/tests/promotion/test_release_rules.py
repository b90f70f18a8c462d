"""What is of no release, or not allowed yet, is found wherever it is written; what runs in production today is not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from chart_harness.fleet import service_release, services
from chart_harness.render import Release
from promotion_gate.policy import POLICY_FILE, load_policy
from promotion_gate.promotion.release_rules import (
    chart_refusals,
    image_refusals,
    images,
    kept_refusals,
    promoted_refusals,
    unproved_images,
    value_refusals,
)
from promotion_gate.sources import layered_values

ROOT = Path(__file__).resolve().parents[4]


def release(*names: str) -> Release:
    containers = [{"name": f"c{number}", "image": name} for number, name in enumerate(names)]
    pod = {"spec": {"initContainers": containers[:1], "containers": containers[1:]}}
    return Release("demo", "production", Path("demo"), ({"kind": "Deployment", "spec": {"template": pod}},))


@pytest.mark.parametrize("service", services(ROOT))
def test_what_runs_in_production_today_is_allowed(service: str) -> None:
    policy, _ = load_policy(ROOT / POLICY_FILE)
    folder = ROOT / "charts" / "services" / service
    production, values = service_release(ROOT, service, "production"), layered_values(ROOT, service, "production")
    assert images(production.objects)
    assert image_refusals(production, policy.promotion.not_yet) == []
    assert unproved_images(service_release(ROOT, service, "staging"), production) == []
    assert chart_refusals(yaml.safe_load((folder / "Chart.yaml").read_text())) == []
    assert value_refusals(values) == []
    assert kept_refusals(values, values, policy.promotion.keep) == []


@pytest.mark.parametrize(
    "image",
    ["a", "a:latest", "registry.example:5000/a", "a:1.0.0-rc.1", "a:1.0.0rc1", "a:2.0b1", "a:1.0.dev4", "a:dev", "a:experiment-7",
     "a:feature-x", "a:main", "r.example/team/a:1.0-alpha@sha256:" + "0" * 64],
)  # fmt: skip
def test_an_image_of_no_release(image: str) -> None:
    assert [one.about for one in image_refusals(release("b:1.0.0", image), ())] == ["release"]
    assert [one.about for one in image_refusals(release(image, "b:1.0.0"), ())] == ["release"]


@pytest.mark.parametrize(
    "image", ["a:1.0.0", "a:v2", "a:2026-11-26", "dev/staging:1.0", "a@sha256:" + "0" * 64, "r:5000/a:1.0"]
)
def test_an_image_of_a_release(image: str) -> None:
    assert image_refusals(release(image), ()) == []


@pytest.mark.parametrize(
    ("pattern", "holds"),
    [("a", True), ("a:1.*", True), ("r.example/team/*", True), ("*/a", True), ("r.example/team/a:1.0", True), ("b", False),
     ("a:2.*", False), ("team/a", False)],
)  # fmt: skip
def test_an_image_that_is_not_to_go_yet(pattern: str, *, holds: bool) -> None:
    found = image_refusals(release("r.example/team/a:1.0"), [pattern])
    assert [one.about for one in found] == (["not yet"] if holds else [])


def test_images_of_custom_resources_count() -> None:
    assert images([{"kind": "Runner", "spec": {"jobs": [{"image": "a:dev"}], "image": "b:1"}}]) == {"a:dev", "b:1"}


@pytest.mark.parametrize(
    ("chart", "says"),
    [
        ({"version": "1.0.0"}, ""),
        ({"version": "1.0.0", "appVersion": 2, "dependencies": None}, ""),
        ({"version": "1.0.0-rc.1"}, "version 1.0.0-rc.1"),
        ({"appVersion": "dev"}, "appVersion dev"),
        ({"dependencies": [{"name": "a", "version": ">=1.0.0-beta"}]}, "dependency a >=1.0.0-beta"),
    ],
)
def test_versions_in_a_chart(chart: Mapping[str, Any], says: str) -> None:
    assert [says in one.sentence for one in chart_refusals(chart)] == ([True] if says else [])


@pytest.mark.parametrize(
    ("value", "refused"),
    [
        ({"image": {"tag": "dev"}}, True),
        ({"image": {"tag": "1.0.0"}}, False),
        ({"sidecar": "team/a:1.0.0-rc.1"}, True),
        ({"sidecar": "r.example:5000/team/a:dev"}, True),
        ({"sidecar": "r.example:5000/team/a:1.0.0"}, False),
        ({"pip": "service-metrics==1.0.0rc1"}, True),
        ({"pip": "service-metrics[otel] == 1.0.0.dev1"}, True),
        ({"pip": ["a==1.0", "b==2.0a1 c==3"]}, True),
        ({"pip": "a==1.0 b==2.0"}, False),
        ({"pip": "service-metrics @ git+https://example.invalid/x"}, True),
        ({"url": "http://staging.test:8080/dev"}, False),
        ({"queue": "amqp://rabbit:5672/dev"}, False),
        ({"command": ["reference-service", "http-api", "--mode", "test"]}, False),
        ({"level": "debug", "text": "main: latest"}, False),
    ],
)
def test_values_that_look_like_it(value: Mapping[str, Any], *, refused: bool) -> None:
    assert bool(value_refusals(value)) == refused


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [
        ({"a": {"b": 1}}, {"a": {"b": 1}}, False),
        ({}, {"a": {"b": 1}}, False),
        ({"a": {"b": 1}}, {"a": {}}, True),
        ({"a": {"b": 1}}, {}, True),
        ({"a": {"b": 1}}, {"a": {"b": True}}, True),
        ({"a": {"b": None}}, {"a": {}}, True),
        ({"a": {"b": False}}, {"a": {"b": None}}, True),
    ],
)
def test_what_is_to_be_kept(before: Mapping[str, Any], after: Mapping[str, Any], *, refused: bool) -> None:
    assert bool(kept_refusals(before, after, ["a.b"])) == refused


@pytest.mark.parametrize(
    ("proved", "values", "refused"),
    [
        ({"a.b": 1}, {"a": {"b": 1}}, False),
        ({}, {}, False),
        ({"a.b": 1}, {}, True),
        ({}, {"a": {"b": 1}}, True),
        ({"a.b": None}, {}, True),
        ({"a.b": True}, {"a": {"b": 1}}, True),
    ],
)
def test_what_was_promoted(proved: Mapping[str, Any], values: Mapping[str, Any], *, refused: bool) -> None:
    assert bool(promoted_refusals(proved, values, ["a.b"])) == refused
