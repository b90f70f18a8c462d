"""Prometheus itself takes what the monitors say, and refuses the relabelings that the templates refuse.

The operator writes Prometheus' configuration from the monitors; so does `scrape`, as far as it matters here, and promtool
judges it.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from chart_harness.frozen import thaw
from chart_harness.render import Release
from cluster_images import modules
from cluster_images.go_modules import build
from tests.charts.blocks import metrics
from tests.charts.sentences import scrape_relabelings

SECRET = {"name": "scrape", "key": "value"}
RULES: dict[str, dict[str, Any]] = {
    "drop": {"action": "drop", "sourceLabels": ["__name__"], "regex": "python_gc_.*"},
    "dropequal": {"action": "dropequal", "sourceLabels": ["pod"], "targetLabel": "instance"},
    "hashmod": {"action": "hashmod", "sourceLabels": ["__address__"], "modulus": 4, "targetLabel": "shard"},
    "keep": {
        "action": "keep",
        "sourceLabels": ["pod", "namespace"],
        "separator": "/",
        "regex": "(?i).+/(staging|a{1,3})",
    },
    "keepequal": {"action": "keepequal", "sourceLabels": ["pod"], "targetLabel": "instance"},
    "labeldrop": {"action": "labeldrop", "regex": "email|phone"},
    "labelkeep": {"action": "labelkeep", "regex": ".+"},
    "labelmap": {"action": "labelmap", "regex": "__meta_kubernetes_pod_label_(.+)", "replacement": "pod_$1"},
    "lowercase": {"action": "lowercase", "sourceLabels": ["pod"], "targetLabel": "pod"},
    "replace": {"sourceLabels": ["pod"], "regex": "(.+)-[a-z0-9]+", "targetLabel": "replicaset", "replacement": "${1}"},
    "uppercase": {"action": "uppercase", "sourceLabels": ["zone"], "targetLabel": "zone"},
}
# Prometheus would drop every label, take the name, or put parentheses around `a)(b` and take that: none is ever meant.
STRICTER = re.compile(r"which needs regex|names the label|would drop the label|dropLabels|a\)\(b")


def snake(name: str) -> str:
    """A key of the operator as Prometheus calls it."""
    return re.sub("([A-Z])", r"_\1", name).lower()


def relabeling(rule: Mapping[str, Any]) -> dict[str, Any]:
    """One of the operator's rules as Prometheus has it."""
    return {snake(key): value for key, value in rule.items()}


def scrape(kind: str, name: str, spec: Mapping[str, Any], page: Mapping[str, Any]) -> dict[str, Any]:
    """The scrape of one page; files stand for what the operator mounts from Secrets."""
    files = {"ca": "ca_file", "cert": "cert_file", "keySecret": "key_file"}
    tls = {
        files.get(key, snake(key)): "/x" if key in files else value for key, value in page.get("tlsConfig", {}).items()
    }
    config: dict[str, Any] = {
        "job_name": f"{kind}/{name}/{page['port']}{page['path']}",
        "honor_labels": page["honorLabels"],
        "metrics_path": page["path"],
        "scrape_interval": page["interval"],
        "scrape_timeout": page["scrapeTimeout"],
        "scheme": page.get("scheme", "http"),
        "relabel_configs": [relabeling(rule) for rule in page.get("relabelings", ())],
        "metric_relabel_configs": [relabeling(rule) for rule in page.get("metricRelabelings", ())],
        **{snake(key): value for key, value in spec.items() if key.endswith("Limit") or key == "keepDroppedTargets"},
    }
    if tls:
        config["tls_config"] = tls
    if "basicAuth" in page:
        config["basic_auth"] = {"username_file": "/x", "password_file": "/x"}
    if "authorization" in page:
        config["authorization"] = {"type": page["authorization"].get("type", "Bearer"), "credentials_file": "/x"}
    return config


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Callable[[list[dict[str, Any]]], str]:
    """What promtool says against these scrapes; nothing when Prometheus would start with them."""
    promtool = build(modules.PROMETHEUS, ["promtool"])["promtool"]
    file: Path = tmp_path_factory.mktemp("prometheus") / "prometheus.yaml"

    def judged(scrapes: list[dict[str, Any]]) -> str:
        file.write_text(yaml.safe_dump({"scrape_configs": scrapes}), encoding="utf-8")
        command = [str(promtool), "check", "config", "--syntax-only", str(file)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        return done.stderr if done.returncode else ""

    return judged


def scrapes(release: Release) -> list[dict[str, Any]]:
    """All scrapes of a release."""
    found = [
        scrape(kind, monitor["metadata"]["name"], thaw(monitor["spec"]), thaw(page))
        for kind, key in (("ServiceMonitor", "endpoints"), ("PodMonitor", "podMetricsEndpoints"))
        for monitor in release.of_kind(kind)
        for page in monitor["spec"][key]
    ]
    assert found
    return found


@pytest.mark.parametrize("pods", [False, True])
@pytest.mark.parametrize(
    "login",
    [
        {"basicAuth": {"username": SECRET, "password": SECRET}},
        {"authorization": {"credentials": SECRET}},
        {"authorization": {"type": "Token", "credentials": SECRET}},
    ],
    ids=["basic", "bearer", "token"],
)
def test_it_takes_everything_at_once(
    render_service: Callable[..., Release],
    refused: Callable[[list[dict[str, Any]]], str],
    login: dict[str, Any],
    *,
    pods: bool,
) -> None:
    everything = {
        "scheme": "https",
        "tlsConfig": {"insecureSkipVerify": True, "serverName": "x", "ca": SECRET, "cert": SECRET, "keySecret": SECRET},
        "limits": {"targetLimit": 50, "labelNameLengthLimit": 64, "bodySizeLimit": "16MB", "keepDroppedTargets": 5},
        "relabelings": RULES,
        "metricRelabelings": RULES,
        "endpoints": {"business": {"path": "/business"}},
        **login,
    }
    values = metrics(serviceMonitor=everything, podMonitor={"enabled": pods}, budget={"series": 900, "labels": 30})
    found = scrapes(render_service(values))
    assert [len(config["metric_relabel_configs"]) for config in found] == [1 + len(RULES)] * 2
    assert refused(found) == ""


def test_every_action_is_among_the_rules(root: Path) -> None:
    schema = yaml.safe_load((root / "values-schema.json").read_text())
    known = schema["definitions"]["relabelings"]["additionalProperties"]["properties"]["action"]["enum"]
    assert sorted(RULES) == sorted(known)


PAGE = {"port": "http", "path": "/metrics", "interval": "30s", "scrapeTimeout": "10s", "honorLabels": True}
REFUSED = {
    sentence: values["metrics"]["serviceMonitor"]["relabelings"]["zone"]
    for _, values, sentence in scrape_relabelings.SENTENCES
    if "relabelings" in values["metrics"]["serviceMonitor"] and not STRICTER.search(sentence)
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_it_refuses_the_relabelings_that_the_templates_refuse(
    refused: Callable[[list[dict[str, Any]]], str], sentence: str
) -> None:
    assert refused([scrape("x", "x", {}, {**PAGE, "relabelings": [REFUSED[sentence]]})])


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ({"scrapeTimeout": "31s"}, "scrape timeout greater than scrape interval"),
        ({"basicAuth": {}, "authorization": {}}, "at most one of"),
        ({"authorization": {"type": "Basic"}}, "basic_auth"),
        ({"tlsConfig": {"cert": SECRET}}, "exactly one of key"),
        ({"tlsConfig": {"keySecret": SECRET}}, "exactly one of cert"),
    ],
)
def test_it_refuses_what_else_the_templates_refuse(
    refused: Callable[[list[dict[str, Any]]], str], page: dict[str, Any], said: str
) -> None:
    assert refused([scrape("x", "x", {}, PAGE)]) == ""
    assert said in refused([scrape("x", "x", {}, {**PAGE, **page})])
