"""What the PrometheusRule holds: which alerts when, what they say, and where their limits come from."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import promql_parser
import pytest

from chart_harness.frozen import thaw
from chart_harness.promtool.rule import Rule, Rules
from chart_harness.render import Release

Render = Callable[..., Release]

PLAIN = {"ServiceErrorRateHigh", "ServiceSlow", "ServiceWorkersMissing", "ServiceMetricsMissing", "ServiceRestarts"}
BUDGET = {"ServiceSeriesBudget", "ServiceSeriesLeftOut"}
PROMISES = {f"Service{what}Burns{how}" for what in ("Availability", "Latency") for how in ("Fast", "Slowly")}
EVERYTHING: dict[str, Any] = {"slo": {"availability": 99.9, "latency": {"p99": "1s"}}, "budget": {"series": 2000}}
PROMETHEUS = {"env": {"standard": {"PROMETHEUS_BACKEND": "prometheus"}}}


@pytest.fixture(scope="session")
def rules(render_service: Render) -> Callable[..., Rules]:
    """`rules("aaa-api", {values of metrics})`: what the service has in staging."""

    def of(service: str = "aaa-api", metrics: Mapping[str, Any] | None = None, **more: Any) -> Rules:
        nothing = {"slo": {"availability": 0, "latency": {"p99": None}}, "budget": {"series": 0}}
        release = render_service({"metrics": {**nothing, **(metrics or {})}, **more}, service)
        return Rules(thaw(release.one("PrometheusRule")["spec"]["groups"]))

    return of


def named(rules: Rules, name: str, slo: str = "") -> Rule:
    [found] = [rule for rule in rules.all if rule.name == name and slo in {"", rule.slo}]
    return found


def test_which_alerts_there_are(rules: Callable[..., Rules]) -> None:
    names = {rule.name for rule in rules().alerts}
    assert names == PLAIN
    assert {rule.name for rule in rules(metrics=EVERYTHING).alerts} == PLAIN | BUDGET | PROMISES
    pushing = {rule.name for rule in rules("event-recorder").alerts}
    assert pushing == PLAIN - {"ServiceWorkersMissing"}  # one worker that is gone looks like a pod that is
    assert {rule.name for rule in rules("event-recorder", {"workers": 2}).alerts} == PLAIN


def test_each_alert_has_its_runbook_and_each_runbook_its_alert(root: Path, rules: Callable[..., Rules]) -> None:
    pages = {path.stem for path in (root / "docs" / "runbooks").glob("*.md")} - {"README"}
    assert pages == PLAIN | BUDGET | PROMISES
    for name in pages:
        text = (root / "docs" / "runbooks" / f"{name}.md").read_text(encoding="utf-8")
        assert text.startswith(f"# {name}\n")
        assert "**First**" in text or "**In the day**" in text
    for rule in rules(metrics=EVERYTHING).alerts:
        assert rule.annotations["runbook_url"] == f"https://runbooks.internal/service-metrics/{rule.name}"


def test_every_alert_can_be_routed_and_understood(rules: Callable[..., Rules]) -> None:
    for service in ("aaa-api", "event-recorder", "archive-tagger"):
        for rule in rules(service, EVERYTHING).alerts:
            assert {**rule.labels, "severity": "", "slo": ""} == {
                "service": service,
                "environment": "staging",
                "severity": "",
                "slo": "",
            }
            assert rule.labels["severity"] in {"critical", "warning"}
            assert rule.annotations["summary"].startswith(f"{service} in staging ")
            assert rule.annotations["summary"].endswith(".")
            assert len(rule.annotations["description"].split()) > 10


def test_who_is_woken(rules: Callable[..., Rules]) -> None:
    def pages(found: Rules) -> set[str]:
        return {rule.name for rule in found.alerts if rule.labels["severity"] == "critical"}

    assert pages(rules()) == {"ServiceErrorRateHigh", "ServiceMetricsMissing"}
    burning = {"ServiceAvailabilityBurnsFast", "ServiceLatencyBurnsFast"}
    assert pages(rules(metrics=EVERYTHING)) == {"ServiceMetricsMissing", *burning}


def test_limits_come_from_the_values(rules: Callable[..., Rules]) -> None:
    alerts = {
        "errorRate": {"percent": 2.5},
        "slowRequests": {"quantile": "p99.9", "above": "1500ms"},
        "restarts": {"count": 7, "window": "20m"},
    }
    found = rules(metrics={"workers": 3, "alerts": alerts, "budget": {"series": 1000, "warnPercent": 80}})
    limits = {rule.name: rule.limit for rule in found.alerts if not rule.name.endswith("Missing")}
    limits["ServiceWorkersMissing"] = named(found, "ServiceWorkersMissing").number(r"< ([0-9]+)")
    assert limits == {
        "ServiceErrorRateHigh": 2.5,
        "ServiceSlow": 1.5,
        "ServiceWorkersMissing": 3,
        "ServiceRestarts": 7,
        "ServiceSeriesBudget": 800,
        "ServiceSeriesLeftOut": 0,
    }
    assert named(found, "ServiceSlow").number(r"histogram_quantile\(([0-9.]+)") == 0.999
    assert named(found, "ServiceRestarts").number(r"\) - ([0-9]+) >") == 3
    assert named(found, "ServiceRestarts").window == 20 * 60


@pytest.mark.parametrize(
    ("promise", "slo", "budget", "fast", "slowly"),
    [
        ({"availability": 99.9}, "availability", 0.001, [14.4, 6], [3, 1]),
        ({"availability": 99.95}, "availability", 0.0005, [14.4, 6], [3, 1]),
        ({"availability": 90}, "availability", 0.1, [6], [3, 1]),  # not even all work is 14.4 times a tenth of it
        ({"latency": {"p99.9": "300ms"}}, "latency-p99.9", 0.001, [14.4, 6], [3, 1]),
        ({"latency": {"p50": "300ms"}}, "latency-p50", 0.5, [], [1]),
    ],
)
def test_promises(
    rules: Callable[..., Rules],
    promise: dict[str, Any],
    slo: str,
    budget: float,
    fast: list[float],
    slowly: list[float],
) -> None:
    slo_values = {"availability": 0, **promise, "latency": {"p99": None, **promise.get("latency", {})}}
    found = rules(metrics={"slo": slo_values})
    assert named(found, "environment_service_slo:error_budget:ratio").expr == f"vector({budget})"
    assert {rule.slo for rule in found.all} == {"", slo}
    factors: dict[str, list[float]] = {"Fast": [], "Slowly": []} | {
        rule.name.rpartition("Burns")[2]: [float(f) for f in re.findall(r"> ([0-9.]+) \* ", rule.expr)[::2]]
        for rule in found.alerts
        if rule.slo
    }
    assert factors == {"Fast": fast, "Slowly": slowly}
    for rule in found.alerts:
        if rule.slo:
            assert set(re.findall(r"> [0-9.]+ \* ([0-9.e-]+)", rule.expr)) == {str(budget)}


@pytest.mark.parametrize(
    ("service", "total", "duration", "work"),
    [
        ("aaa-api", "http_requests_total", "http_request_duration_seconds", "requests"),
        ("event-recorder", "amqp_messages_total", "amqp_message_duration_seconds", "messages"),
        ("archive-tagger", "task_runs_total", "task_run_duration_seconds", "runs"),
    ],
)
@pytest.mark.parametrize(
    ("namespace", "subsystem", "prefix"), [("", "", ""), ("shop", "", "shop_"), ("", "x", "x_"), ("a", "a", "a_a_")]
)
def test_names_of_metrics(
    rules: Callable[..., Rules],
    service: str,
    total: str,
    duration: str,
    work: str,
    namespace: str,
    subsystem: str,
    prefix: str,
) -> None:
    found = rules(service, {**EVERYTHING, "namespace": namespace, "subsystem": subsystem})
    assert (found.total, found.duration) == (prefix + total, prefix + duration)
    assert f"of its {work}." in named(found, "ServiceErrorRateHigh").annotations["summary"]
    names = {selector.name for rule in found.all for selector in rule.selectors}
    assert "process_start_time_seconds" in names  # the process's own metrics have no prefix


def test_every_selector_names_the_service_and_the_environment(rules: Callable[..., Rules]) -> None:
    """But for what Prometheus says of its targets, which is joined to the service's own series."""
    for service in ("aaa-api", "event-recorder"):
        for rule in rules(service, EVERYTHING).all:
            for selector in rule.selectors:
                exact = {m.name: m.value for m in selector.matchers.matchers if m.op == promql_parser.MatchOp.Equal}
                if selector.name in {"up", "scrape_samples_post_metric_relabeling"}:
                    assert "and on (job, instance) last_over_time(process_start_time_seconds{" in rule.expr
                else:
                    assert exact.items() >= {("service", service), ("environment", "staging")}, rule.name


def test_a_service_that_moves_from_pull_to_push_keeps_its_alerts(rules: Callable[..., Rules]) -> None:
    both = {**EVERYTHING, "workers": 2}
    pushed = {(rule.name, rule.slo): rule.expr for rule in rules("event-recorder", both).all}
    pulled = {(rule.name, rule.slo): rule.expr for rule in rules("event-recorder", both, **PROMETHEUS).all}
    differ = {name for name, expr in pulled.items() if pushed.get(name) != expr}
    assert set(pushed) == set(pulled)
    assert differ == {("ServiceWorkersMissing", ""), ("ServiceSeriesBudget", "")}


def test_units(rules: Callable[..., Rules], render_service: Render) -> None:
    units = {"run": {"role": "task-runner"}, "web": {"workers": 4}}
    workload = {"probes": {"command": ["healthy"]}, "units": {"run": {}, "web": {}}}
    overrides = {"metrics": {**EVERYTHING, "units": units}, "workload": workload}
    objects = {item["metadata"]["name"]: item for item in render_service(overrides).of_kind("PrometheusRule")}
    assert set(objects) == {"aaa-api-run", "aaa-api-web"}
    for unit, total in (("run", "task_runs_total"), ("web", "http_requests_total")):
        found = Rules(thaw(objects[f"aaa-api-{unit}"]["spec"]["groups"]))
        assert found.total == total
        assert found.identity == {"service": "aaa-api", "environment": "staging", "unit": unit}
        assert all(f'unit="{unit}"' in rule.expr or "vector(" in rule.expr for rule in found.all)
        assert named(found, "ServiceErrorRateHigh").annotations["summary"].startswith(f"aaa-api-{unit} in staging ")
    assert 'unit="' not in str(rules(metrics=EVERYTHING).groups)


def test_a_unit_that_yaml_takes_for_something_else(render_service: Render) -> None:
    overrides = {"metrics": {**EVERYTHING, "units": {"on": {}}}, "workload": {"units": {"on": {}}}}
    groups = thaw(render_service(overrides).one("PrometheusRule")["spec"]["groups"])
    units = [rule["labels"]["unit"] for group in groups for rule in group["rules"] if "unit" in rule.get("labels", {})]
    assert len(units) > 10
    assert set(units) == {"on"}


@pytest.mark.parametrize(
    ("service", "metrics", "window"),
    [
        ("aaa-api", {"serviceMonitor": {"interval": "75s"}}, "5m"),
        ("aaa-api", {"serviceMonitor": {"interval": "3m"}}, "720s"),
        ("event-recorder", {"otlp": {"pushInterval": "600s"}}, "2400s"),
    ],
)
def test_a_window_holds_four_samples(
    rules: Callable[..., Rules], service: str, metrics: dict[str, Any], window: str
) -> None:
    found = rules(service, metrics)
    assert f"[{window}]" in named(found, "ServiceErrorRateHigh").expr
    assert f"[{window}]" in named(found, "ServiceSlow").expr
    silent = named(found, "ServiceMetricsMissing").expr
    assert silent.startswith("absent(" if window == "5m" else "absent_over_time(")


def test_when_there_is_a_rule_object(render_service: Render) -> None:
    def count(alerts: dict[str, Any], *, apis: tuple[str, ...], **metrics: Any) -> int:
        release = render_service({"metrics": {"alerts": alerts, **metrics}}, api_versions=apis)
        return len(release.of_kind("PrometheusRule"))

    kind, group = ("monitoring.coreos.com/v1/PrometheusRule",), ("monitoring.coreos.com/v1",)
    assert [count({}, apis=apis) for apis in (kind, group, ())] == [1, 1, 0]
    assert count({"create": "always"}, apis=kind) == 1
    assert count({"create": "never"}, apis=kind) == 0
    assert count({"enabled": False}, apis=kind) == 0
    assert count({}, apis=kind, enabled=False) == 0
    off = {
        name: {"enabled": False} for name in ("errorRate", "slowRequests", "workersMissing", "noMetrics", "restarts")
    }
    nothing = {"slo": {"availability": 0, "latency": {"p99": None}}, "budget": {"series": 0}}
    assert count(off, apis=kind, **nothing) == 0


def test_labels_of_the_object(render_service: Render) -> None:
    labels = {"release": "main", "team": None}
    found = render_service({"metrics": {"alerts": {"labels": labels}}}).one("PrometheusRule")["metadata"]["labels"]
    assert found["release"] == "main"
    assert "team" not in found


def test_what_a_value_says_stays_text(rules: Callable[..., Rules]) -> None:
    """Prometheus reads labels and annotations of alerts as templates, and PromQL has quotes of its own."""
    odd = 'a"b{{ .X }}\\'
    found = rules(metrics={**EVERYTHING, "environment": odd})
    for rule in found.all:
        for selector in rule.selectors:
            values = {m.value for m in selector.matchers.matchers if m.name == "environment"}
            assert values <= {odd}
    raw = found.groups[0]["rules"][-1]
    assert raw["labels"]["environment"] == 'a"b{{ "{{" }} .X }}\\'
    assert named(found, "environment_service_slo:error_budget:ratio", "availability").labels["environment"] == odd
