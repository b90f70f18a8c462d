"""Helm 3 and Helm 4 give the same objects, also where they read values differently: above all what `null` deletes."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml
from charts import render_examples

from chart_harness.assembly import assemble
from chart_harness.fleet import values_files
from chart_harness.fleet_render import pairs, render_fleet
from chart_harness.frozen import thaw
from chart_harness.helm import Helm
from chart_harness.layers import over
from chart_harness.manifest import parse
from chart_harness.programs import find_program
from chart_harness.render import PROMETHEUS_OPERATOR_CRDS, Release, RenderError, render

Values = Mapping[str, Any]
UNITS = {
    "metrics": {"units": {"web": {}, "mail": {"role": "amqp-consumer"}, "night": {"role": "task-runner"}}},
    "workload": {"units": {name: {"probes": {"command": ["true"]}} for name in ("mail", "night")}},
}


@pytest.fixture(scope="module")
def helms() -> tuple[Helm, Helm]:
    """The newest Helm 3, and the Helm 4 of all other tests."""
    return Helm(find_program("helm3", "it with `python ci/toolchain/tools.py helm3`")), Helm()


def template(helm: Helm, root: Path, service: str, environment: str) -> str:
    """What this helm prints of a service."""
    chart, values = values_files(root, service, environment)
    apis = [word for api in PROMETHEUS_OPERATOR_CRDS for word in ("--api-versions", api)]
    files = [word for path in values for word in ("--values", str(path))]
    command = ["template", service, str(assemble(chart)), "--namespace", environment, "--kube-version", "1.34.0"]
    return helm.run([*command, *apis, *files])


def on_both(helms: tuple[Helm, Helm], chart: Path, overrides: Values, **arguments: Any) -> Release:
    """The release that both render, which is the same. Raises RenderError where both say the same sentence."""
    outcomes: list[Release | str] = []
    for helm in helms:
        try:
            outcomes.append(render(chart, name=chart.name, overrides=overrides, helm=helm, **arguments))
        except RenderError as error:
            outcomes.append(error.sentence)
    three, four = outcomes
    if isinstance(four, Release) and isinstance(three, Release):
        assert thaw(three.objects) == thaw(four.objects)
        return four
    assert three == four
    raise RenderError(str(four))


def env(release: Release) -> dict[str, Any]:
    (container,) = release.one("Deployment")["spec"]["template"]["spec"]["containers"]
    return {entry["name"]: entry.get("value") for entry in container["env"]}


def test_they_are_what_they_are_taken_for(helms: tuple[Helm, Helm]) -> None:
    assert [helm.version.split(".")[0] for helm in helms] == ["v3", "v4"]


def test_every_release_of_the_fleet(helms: tuple[Helm, Helm], root: Path) -> None:
    fleet = render_fleet(root)
    asked = pairs(root)
    with ThreadPoolExecutor(2) as threads:
        texts = list(threads.map(lambda pair: template(helms[0], root, *pair), asked))
    different = [pair for pair, text in zip(asked, texts, strict=True) if parse(text) != fleet.releases[pair].objects]
    assert different == []
    assert len(asked) >= 84


@pytest.mark.parametrize("case", render_examples.cases(), ids=lambda case: case.name)
def test_every_example(helms: tuple[Helm, Helm], case: Path) -> None:
    assert on_both(helms, case, {}, api_versions=render_examples.api_versions(case)).objects


def test_a_chart_of_somebody_elses(helms: tuple[Helm, Helm], root: Path, tmp_path: Path) -> None:
    """As Helm 3's `helm create` writes it, which Helm 4 must render too."""
    helms[0].run(["create", "legacy"], cwd=tmp_path)
    chart = tmp_path / "legacy"
    metadata = yaml.safe_load((chart / "Chart.yaml").read_text())
    library = {"name": "metrics", "version": "^1.0.0", "repository": f"file://{root}/charts/metrics"}
    (chart / "Chart.yaml").write_text(yaml.safe_dump({**metadata, "dependencies": [library]}))
    (chart / "templates" / "metrics.yaml").write_text('{{ include "metrics.v1.all" . }}\n')
    peers = {"shop": {"service": "shop"}}
    block = {"role": "http-api", "environment": "staging", "networkPolicy": {"peers": peers}}
    release = on_both(helms, chart, {"metrics": block})
    assert {item["kind"] for item in release.objects} >= {"ServiceMonitor", "NetworkPolicy", "PrometheusRule"}


class TestNull:
    """On both, null deletes: what the library, the service or its environment says."""

    @pytest.fixture(params=["environment", "service"])
    def deleted(self, request: pytest.FixtureRequest, helms: tuple[Helm, Helm], root: Path, tmp_path: Path) -> Any:
        """Renders aaa-api with values of the environment's file, or of the service's own values.yaml, which Helm reads another way."""
        shutil.copytree(root / "charts", tmp_path / "charts", ignore=shutil.ignore_patterns("examples"))
        chart, files = values_files(tmp_path, "aaa-api", "staging")

        def rendered(values: Values) -> Release:
            if request.param == "environment":
                return on_both(helms, chart, values, values=files)
            own = yaml.safe_load(files[0].read_text())
            files[0].write_text(yaml.safe_dump(over(own, values)))
            return on_both(helms, chart, {}, values=files[1:])

        return rendered

    def test_an_entry_of_the_library(self, deleted: Any) -> None:
        release = deleted({"metrics": {"excludedHandlers": {"health": None, "status": "/status"}}})
        assert env(release)["METRICS_EXCLUDED_HANDLERS"] == "/metrics,/status"

    def test_a_label_that_is_dropped_by_default(self, deleted: Any) -> None:
        release = deleted({"metrics": {"serviceMonitor": {"dropLabels": {"user_id": None}}}})
        (endpoint,) = release.one("ServiceMonitor")["spec"]["endpoints"]
        assert "user_id" not in str(endpoint)
        assert "trace_id" in str(endpoint)

    def test_a_label_of_the_library(self, deleted: Any) -> None:
        release = deleted({"metrics": {"dashboard": {"labels": {"grafana_dashboard": None, "folder": "shop"}}}})
        labels = release.one("ConfigMap")["metadata"]["labels"]
        assert labels["folder"] == "shop"
        assert "grafana_dashboard" not in labels

    def test_what_must_be_set_is_refused_in_the_same_words(self, deleted: Any) -> None:
        with pytest.raises(RenderError, match=r"podSelector must be set: null removes the chart's default"):
            deleted({"metrics": {"networkPolicy": {"prometheus": {"podSelector": None}}}})

    @pytest.mark.parametrize("block", ["dashboard", "alerts", "slo", "budget", "podMonitor", "otlp", "customLabels"])
    def test_a_whole_block(self, deleted: Any, block: str) -> None:
        """Whatever follows, it is the same; `on_both` compares."""
        try:
            said = "" if deleted({"metrics": {block: None}}).of_kind("Deployment") else "nothing is rendered"
        except RenderError as error:
            said = error.sentence
        assert "nil pointer" not in said
        assert said != "nothing is rendered"


def test_a_difference_is_seen(helms: tuple[Helm, Helm], root: Path, tmp_path: Path) -> None:
    """The control, and the one difference: null where a service's own values.yaml deletes nothing, which Helm 3 keeps."""
    shutil.copytree(root / "charts", tmp_path / "charts", ignore=shutil.ignore_patterns("examples"))
    chart, (own, environment) = values_files(tmp_path, "aaa-api", "staging")
    requests = {"workload": {"resources": {"requests": {"cpu": None}}}}
    own.write_text(yaml.safe_dump(over(yaml.safe_load(own.read_text()), requests)))
    with pytest.raises(AssertionError, match=r"cpu is null"):
        on_both(helms, chart, {}, values=[environment])


def test_null_deletes_what_a_file_before_said(helms: tuple[Helm, Helm], root: Path) -> None:
    chart, files = values_files(root, "aaa-api", "staging")
    both = [
        on_both(helms, chart, over, values=files) for over in ({}, {"env": {"standard": {"PROMETHEUS_BACKEND": None}}})
    ]
    assert [env(release)["PROMETHEUS_BACKEND"] for release in both] == ["otel", "prometheus"]
    peers: Values = {"aaa-gateway": None, "reserve": {"service": "reserve"}}
    release = on_both(helms, chart, {"metrics": {"networkPolicy": {"peers": peers}}}, values=files)
    assert "aaa-gateway" not in str(release.one("NetworkPolicy"))


def test_units(helms: tuple[Helm, Helm], root: Path) -> None:
    chart, files = values_files(root, "aaa-api", "staging")
    release = on_both(helms, chart, UNITS, values=files)
    assert len(release.of_kind("Deployment")) == 3
    fewer = on_both(
        helms,
        chart,
        over(UNITS, {"metrics": {"units": {"night": None}}, "workload": {"units": {"night": None}}}),
        values=files,
    )
    assert len(fewer.of_kind("Deployment")) == 2
