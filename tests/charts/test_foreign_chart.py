"""A chart that knows nothing of this project, as `helm create` writes it, adopts `metrics` alone with a few lines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from chart_harness import checks
from chart_harness.helm import Helm
from chart_harness.render import Release, RenderError, render

# Its own port list goes; the library's comes, with the env.
PORTS = """\
          ports:
            - name: http
              containerPort: {{ .Values.service.port }}
              protocol: TCP
"""
LINES = """\
          ports: {{- include "metrics.v1.ports" . | nindent 12 }}
          env: {{- include "metrics.v1.env" . | nindent 12 }}
"""
VALUES = {"metrics": {"role": "http-api", "environment": "staging"}}


@pytest.fixture(scope="module")
def legacy(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`helm create legacy`, and what docs/charts.md tells a team to add."""
    folder = tmp_path_factory.mktemp("foreign")
    Helm().run(["create", "legacy"], cwd=folder)
    chart = folder / "legacy"
    metadata = yaml.safe_load((chart / "Chart.yaml").read_text())
    metadata["dependencies"] = [{"name": "metrics", "version": "^1.0.0", "repository": f"file://{root}/charts/metrics"}]
    (chart / "Chart.yaml").write_text(yaml.safe_dump(metadata))
    deployment = chart / "templates" / "deployment.yaml"
    assert deployment.read_text().count(PORTS) == 1
    deployment.write_text(deployment.read_text().replace(PORTS, LINES))
    (chart / "templates" / "metrics.yaml").write_text('{{ include "metrics.v1.all" . }}\n')
    return chart


def test_prometheus_reaches_it(legacy: Path) -> None:
    rendered = render(legacy, name="legacy", overrides=VALUES)
    assert checks.scrape_path(rendered) == []
    assert checks.env_list(rendered) == []
    assert checks.selectors(rendered) == []
    assert checks.traffic_rules(rendered) == []


def test_it_keeps_its_own_objects(legacy: Path) -> None:
    rendered = render(legacy, name="legacy", overrides=VALUES)
    kinds = sorted(item["kind"] for item in rendered.objects)
    assert kinds == ["Deployment", "NetworkPolicy", "Pod", "Service", "ServiceAccount", "ServiceMonitor"]
    (container,) = rendered.one("Deployment")["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "nginx:1.16.0"
    assert container["livenessProbe"]["httpGet"]["port"] == "http"


def test_its_own_env_is_in_the_list(legacy: Path, env: Callable[[Release], dict[str, Any]]) -> None:
    rendered = render(legacy, name="legacy", overrides={**VALUES, "env": {"standard": {"PROMETHEUS_BACKEND": "otel"}}})
    (container,) = rendered.one("Deployment")["spec"]["template"]["spec"]["containers"]
    values = {entry["name"]: entry.get("value") for entry in container["env"]}
    assert (values["OTEL_SERVICE_NAME"], values["PROMETHEUS_BACKEND"], values["METRICS_PORT"]) == (
        "legacy",
        "otel",
        "8080",
    )


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (
            {**VALUES, "env": {"standard": {"PROMETHEUS_BACKEND": "statsd"}}},
            'env.standard.PROMETHEUS_BACKEND is "statsd": set it to prometheus, otel or shadow, or leave it out for prometheus.',
        ),
        ({"metrics": {}}, 'metrics.role is "": set it to http-api, amqp-consumer or task-runner.'),
        (
            {"metrics": {"role": "http-api", "prot": 1}},
            "metrics.prot is not a known value: perhaps metrics.port was meant.",
        ),
    ],
)
def test_it_is_told_what_is_wrong(legacy: Path, overrides: dict[str, Any], sentence: str) -> None:
    with pytest.raises(RenderError) as caught:
        render(legacy, name="legacy", overrides=overrides)
    assert caught.value.sentence == sentence
