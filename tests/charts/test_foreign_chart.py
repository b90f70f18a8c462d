"""A chart that knows nothing of this project, as `helm create` writes it, adopts `metrics` alone with three lines."""

from __future__ import annotations

import difflib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from chart_harness import checks
from chart_harness.frozen import thaw
from chart_harness.helm import Helm
from chart_harness.layers import over
from chart_harness.render import Release, RenderError, render

# The container's own list of ports goes; the library's comes, with the env.
PORTS = """\
          ports:
            - name: http
              containerPort: {{ .Values.service.port }}
              protocol: TCP
"""
INCLUDES = """\
          ports: {{- include "metrics.v1.ports" . | nindent 12 }}
          env: {{- include "metrics.v1.env" . | nindent 12 }}
"""
OBJECTS = '{{ include "metrics.v1.all" . }}\n'
BLOCK: dict[str, Any] = {
    "metrics": {
        "role": "http-api",
        "environment": "staging",
        "networkPolicy": {"peers": {"shop": {"service": "shop"}}},
    }
}
"""The one block of values that a team writes."""

HARDENED: dict[str, Any] = {
    "serviceAccount": {"automount": False},
    "podSecurityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    "securityContext": {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    },
    "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
    "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "16Mi"}}],
    "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108
}
"""What the chart's own values must say of its pods: `metrics` does not deploy, so it cannot."""

DEPLOYED_BY_THE_CHART = {
    "pod_security": "Deployment legacy: automountServiceAccountToken must be false.",  # set on the ServiceAccount instead
    "limits_and_probes": "Deployment legacy, container legacy has no startupProbe.",
    "rollout": "Deployment legacy: a rollout may drop below the replicas: set maxUnavailable to 0, maxSurge to 1.",
}
"""What `helm create` has no value for: the only sentences that such a chart is told, and none is of metrics."""


@pytest.fixture(scope="module")
def created(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`helm create legacy`, untouched."""
    folder = tmp_path_factory.mktemp("created")
    Helm().run(["create", "legacy"], cwd=folder)
    return folder / "legacy"


@pytest.fixture(scope="module")
def legacy(root: Path, created: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with what charts/metrics/README.md tells a team to add."""
    chart = tmp_path_factory.mktemp("adopted") / "legacy"
    shutil.copytree(created, chart)
    metadata = yaml.safe_load((chart / "Chart.yaml").read_text())
    metadata["dependencies"] = [{"name": "metrics", "version": "^1.1.0", "repository": f"file://{root}/charts/metrics"}]
    (chart / "Chart.yaml").write_text(yaml.safe_dump(metadata))
    deployment = chart / "templates" / "deployment.yaml"
    assert deployment.read_text().count(PORTS) == 1
    deployment.write_text(deployment.read_text().replace(PORTS, INCLUDES))
    (chart / "templates" / "metrics.yaml").write_text(OBJECTS)
    return chart


def rendered(chart: Path, **overrides: Any) -> Release:
    return render(chart, name="legacy", overrides=over(over(BLOCK, HARDENED), overrides))


def test_it_is_three_lines(created: Path, legacy: Path, root: Path) -> None:
    """And the page that teams read says the same three."""

    def lines() -> Iterator[str]:
        for path in sorted((legacy / "templates").rglob("*")):
            before = created / path.relative_to(legacy)
            if path.is_file():
                old = before.read_text().splitlines() if before.is_file() else []
                yield from (
                    line[2:].strip() for line in difflib.ndiff(old, path.read_text().splitlines()) if line[0] == "+"
                )

    added = list(lines())
    assert len(added) == 3
    page = [line.strip() for line in (root / "charts" / "metrics" / "README.md").read_text().splitlines()]
    assert [line for line in added if line not in page] == []


def test_it_passes_every_policy(legacy: Path) -> None:
    assessed = {policy.name: policy.assess(rendered(legacy)) for policy in checks.POLICIES}
    assert len(assessed) > 10
    told = {name: problems for name, problems in assessed.items() if problems}
    assert told == {name: [sentence] for name, sentence in DEPLOYED_BY_THE_CHART.items() if name in assessed}


def test_without_the_lines_it_fails_those_that_are_about_metrics(created: Path) -> None:
    """The control."""
    plain = render(created, name="legacy", overrides=HARDENED)
    failed = {policy.name for policy in checks.POLICIES if policy.assess(plain)} - set(DEPLOYED_BY_THE_CHART)
    assert failed >= {"env_list", "pod_policies", "traffic_rules"}


def test_prometheus_reaches_it(legacy: Path) -> None:
    assert checks.scrape_path(rendered(legacy)) == []


def test_it_keeps_its_own_objects(legacy: Path, created: Path) -> None:
    before = render(created, name="legacy")
    after = rendered(legacy)
    kinds = sorted(item["kind"] for item in before.objects)
    added = ["ConfigMap", "NetworkPolicy", "PrometheusRule", "ServiceMonitor"]
    assert sorted(item["kind"] for item in after.objects) == sorted([*kinds, *added])
    for kind in ("Service", "Pod"):
        assert after.one(kind) == before.one(kind)
    (container,) = after.one("Deployment")["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "nginx:1.16.0"
    assert container["livenessProbe"]["httpGet"]["port"] == "http"


@pytest.mark.parametrize("own", [{"nameOverride": "shop"}, {"fullnameOverride": "shop"}])
def test_a_name_of_its_own_is_followed(legacy: Path, own: dict[str, str]) -> None:
    """Else NetworkPolicy and ServiceMonitor would select nothing, and nobody would be told."""
    release = rendered(legacy, **own)
    assert [checks.selectors(release), checks.scrape_path(release)] == [[], []]
    names = {item["metadata"]["name"] for item in release.objects if item["kind"] in {"Service", "ServiceMonitor"}}
    assert len(names) == 1


def test_its_own_env_is_in_the_list(legacy: Path) -> None:
    release = rendered(legacy, env={"standard": {"PROMETHEUS_BACKEND": "otel", "LEVEL": "debug"}})
    (container,) = release.one("Deployment")["spec"]["template"]["spec"]["containers"]
    values = {entry["name"]: entry.get("value") for entry in container["env"]}
    assert (values["OTEL_SERVICE_NAME"], values["PROMETHEUS_BACKEND"], values["METRICS_PORT"], values["LEVEL"]) == (
        "legacy",
        "otel",
        "8080",
        "debug",
    )


def test_where_the_operator_is_not_known_its_pods_say_where_the_page_is(legacy: Path, root: Path) -> None:
    """With a fourth line, which the page has, too."""
    chart = legacy.parent / "annotated" / "legacy"
    shutil.copytree(legacy, chart)
    line = '{{ with include "metrics.v1.podAnnotations" . | trim }}annotations: {{- . | nindent 8 }}{{ end }}'
    assert f"    {line}\n" in (root / "charts" / "metrics" / "README.md").read_text()
    deployment = chart / "templates" / "deployment.yaml"
    own = "    metadata:\n      {{- with .Values.podAnnotations }}\n"
    assert deployment.read_text().count(own) == 1
    added = own.replace("metadata:\n", f"metadata:\n      {line}\n")
    deployment.write_text(deployment.read_text().replace(own, added))
    without = render(chart, name="legacy", overrides=BLOCK, api_versions=())
    assert thaw(without.one("Deployment")["spec"]["template"]["metadata"]["annotations"]) == {
        "prometheus.io/scrape": "true",
        "prometheus.io/port": "8080",
        "prometheus.io/path": "/metrics",
        "prometheus.io/scheme": "http",
    }
    assert [policy.name for policy in checks.POLICIES if policy.name == "one_scrape" and policy.assess(without)] == []
    with_operator = render(chart, name="legacy", overrides=BLOCK)
    assert "annotations" not in with_operator.one("Deployment")["spec"]["template"]["metadata"]


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (
            {**BLOCK, "env": {"standard": {"PROMETHEUS_BACKEND": "statsd"}}},
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
