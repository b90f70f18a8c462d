"""What the policies know: which tags are releases, what a query asks for, and which metrics there are."""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml

import service_metrics
from chart_harness.checks import POLICIES, exported, image_tags, one_scrape
from chart_harness.checks.exported import EVERY_PROCESS, LIBRARY, ROLES
from chart_harness.checks.forbidden_labels import FORBIDDEN
from chart_harness.checks.image_tags import unfinished
from chart_harness.checks.queries import QueryError, asked, queries
from chart_harness.fixtures.rendering import ReleaseFactory
from chart_harness.render import Release
from promotion_gate import contract
from service_metrics import REGISTRY


@pytest.mark.parametrize(
    "tag",
    [
        "1.2.0-rc1", "1.2.0rc1", "v2.0.0-dev", "2.0.0.dev3", "3.0-alpha.1", "3.0-BETA", "1.0a1", "1.0b2", "experiment-7", "latest",
        "1.4-SNAPSHOT", "nightly-20260101", "main", "main-3f2a", "pr-12", "1.0.0-preview", "edge", "feature-x", "canary", "wip",
    ],
)  # fmt: skip
def test_what_is_no_release(tag: str) -> None:
    assert unfinished(tag)


@pytest.mark.parametrize(
    "tag",
    ["0.1.0", "v1.2.3", "1.27.3-alpine", "2026.1", "1.0", "3f2a9cde", "sha-3f2a9cd", "1.2.3-debian-12", "1.2.3-slim"],
)
def test_what_is_a_release(tag: str) -> None:
    assert unfinished(tag) == ""


def test_only_production_runs_releases_only(release: ReleaseFactory) -> None:
    unreleased = {"workload": {"image": {"tag": "1.2.0-rc1"}}}
    assert image_tags(release("aaa-api", "staging", overrides=unreleased)) == []
    assert image_tags(release("aaa-api", "production", overrides=unreleased)) == [
        "Deployment aaa-api, container app: image reference-service:1.2.0-rc1 is no release (rc): production runs releases only."
    ]


VARIANTS: dict[str, dict[str, Any]] = {
    "a PodMonitor": {"metrics": {"podMonitor": {"enabled": True}}},
    "no metrics": {"metrics": {"enabled": False}},
    "units": {
        "metrics": {
            "units": {
                "web": {"role": "http-api"},
                "mails": {"role": "amqp-consumer", "port": 8081},
                "clock": {"role": "task-runner", "port": 8082},
            }
        },
        "workload": {"probes": {"command": ["reference-service", "healthy"]}},
    },
    "everything promised": {
        "metrics": {"slo": {"availability": 99.9, "latency": {"p99": "1s"}}, "budget": {"series": 5000, "labels": 30}}
    },
    "its own names": {"metrics": {"namespace": "shop", "subsystem": "cart"}},
}


@pytest.mark.parametrize("environment", ["staging", "production"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_whatever_the_chart_renders_keeps_the_policies(release: ReleaseFactory, variant: str, environment: str) -> None:
    rendered = release("aaa-api", environment, overrides=VARIANTS[variant])
    problems = {policy.name: policy.assess(rendered) for policy in POLICIES}
    assert {name: found for name, found in problems.items() if found} == {}


def test_a_cluster_without_the_operator_keeps_them_too(render_service: Callable[..., Release]) -> None:
    rendered = render_service({}, api_versions=())
    assert {item["kind"] for item in rendered.objects} & {"ServiceMonitor", "PrometheusRule"} == set()
    problems = {policy.name: policy.assess(rendered) for policy in POLICIES}
    assert {name: found for name, found in problems.items() if found} == {}


def test_what_pushes_is_not_scraped(release: ReleaseFactory) -> None:
    assert one_scrape(release("archive-tagger", "staging")) == []
    assert one_scrape(release("archive-tagger", "production")) == []
    off = {"metrics": {"enabled": False}}
    assert one_scrape(release("archive-tagger", "production", overrides=off)) == []
    nobody = {"metrics": {"serviceMonitor": {"create": "never"}}}
    (said,) = one_scrape(release("archive-tagger", "production", overrides=nobody))
    assert said.endswith("neither pushes nor is scraped: nobody gets its metrics.")


@pytest.mark.parametrize(
    ("text", "metrics", "labels"),
    [
        ("up", {"up"}, set()),
        ('sum by (le) (rate(a_bucket{job="x"}[$__rate_interval])) / on (pod) group_left (zone) b offset 5m', {"a_bucket", "b"},
         {"job", "le", "pod", "zone"}),
        ('label_replace(a, "pod", "$1", "instance", "(.*)") unless ignoring (x) max_over_time(b:c[${__range_s}s:1m])', {"a", "b:c"},
         {"pod", "x"}),
        ('{__name__="a", b="c"}', {"a"}, {"b"}),
        ('count({service="x"})', set(), {"service"}),
        ('a{b="1" or c="2"}', {"a"}, {"b", "c"}),
        ("label_values(up, pod)", {"up"}, {"pod"}),
        ("label_values(pod)", set(), {"pod"}),
        ("1 + vector(time())", set(), set()),
    ],
)  # fmt: skip
def test_what_a_query_asks_for(text: str, metrics: set[str], labels: set[str]) -> None:
    assert (set(asked(text).metrics), set(asked(text).labels)) == (metrics, labels)


@pytest.mark.parametrize("text", ["", "sum(", "a{", "SELECT 1"])
def test_what_is_no_query(text: str) -> None:
    with pytest.raises(QueryError, match="is no PromQL"):
        asked(text)


def test_a_pattern_is_known_where_something_fits() -> None:
    pattern = asked('{__name__=~"http_.*"}')
    assert pattern.unknown(frozenset({"http_requests_total"})) == []
    assert pattern.unknown(frozenset({"up"})) == ["http_.*"]


def test_there_is_something_to_ask(release: ReleaseFactory) -> None:
    found = {query.where for query in queries(release("aaa-api", "production"))}
    assert len([where for where in found if where.startswith("PrometheusRule")]) > 3
    assert len([where for where in found if where.startswith("ConfigMap")]) == 1


def test_the_table_of_roles_is_the_gates() -> None:
    folder = resources.files("promotion_gate") / "contracts"
    contracts = {
        role: {
            name: spec["type"]
            for name, spec in yaml.safe_load((folder / f"{role}.yaml").read_text())["metrics"].items()
        }
        for role in ROLES
    }
    assert contracts == ROLES
    assert {file.name for file in folder.iterdir()} == {*(f"{role}.yaml" for role in ROLES), "runtime.yaml"}
    runtime = {name: spec["type"] for name, spec in yaml.safe_load((folder / "runtime.yaml").read_text()).items()}
    assert runtime.items() <= EVERY_PROCESS.items()
    assert FORBIDDEN == contract.FORBIDDEN_LABELS


def test_the_table_of_every_process_is_the_librarys() -> None:
    real = {f"{f.name}_total" if f.type == "counter" else f.name: f.type for f in REGISTRY.collect()}
    ours = {name: kind for name, kind in real.items() if name.startswith(("process_", "python_"))}
    assert ours == EVERY_PROCESS


def test_the_librarys_own_metrics_are_named_in_its_source() -> None:
    source = "".join(path.read_text() for path in Path(service_metrics.__file__).parent.rglob("*.py"))
    assert [name for name in LIBRARY if name not in source and name.removesuffix("_total") not in source] == []


def test_what_there_is_of_a_release(release: ReleaseFactory) -> None:
    api = exported.exported(release("aaa-api", "production"))
    assert {"up", "http_requests_total", "http_request_duration_seconds_bucket", "items_served_total", "ALERTS"} <= api
    assert not {"http_request_duration_seconds", "amqp_messages_total", "task_runs_total"} & api
    pushed = exported.exported(release("archive-tagger", "staging"))
    assert "task_runs_total" in pushed
    assert "up" not in pushed
    prefixed = exported.exported(release("usage-api", "production"))
    assert "usage_http_requests_total" in prefixed
    assert "http_requests_total" not in prefixed
