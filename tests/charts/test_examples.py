"""The examples of the metrics chart: what they show is what is rendered, and is as it should be."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from charts import render_examples
from charts.render_examples import ExampleError

from chart_harness import checks
from chart_harness.frozen import thaw
from chart_harness.helm import Helm
from chart_harness.manifest import parse
from chart_harness.render import Release, render

PULLED = {"Deployment", "NetworkPolicy", "PrometheusRule", "Service", "ServiceAccount", "ServiceMonitor"}
CASES = {case.name: case for case in render_examples.cases()}
SHOWN = {
    "consumer-on-otel": {"Deployment", "NetworkPolicy", "PrometheusRule", "ServiceAccount"},
    "foreign-chart": {"Deployment", "NetworkPolicy", "PrometheusRule", "Service", "ServiceMonitor"},
    "http-api": {*PULLED, "ConfigMap"},
    "pod-monitor": {"Deployment", "NetworkPolicy", "PodMonitor", "PrometheusRule", "ServiceAccount"},
    "runner-on-prometheus": PULLED,
    "slo-and-budget": PULLED,
    "tls-and-auth": PULLED,
    "units": PULLED,
    "without-operator": {"Deployment", "NetworkPolicy", "Service", "ServiceAccount"},
}


def release(case: Path) -> Release:
    return render(case, name="shop", namespace="shop", api_versions=render_examples.api_versions(case))


def test_each_example_shows_what_it_is_about() -> None:
    assert {name: {item["kind"] for item in release(case).objects} for name, case in CASES.items()} == SHOWN


@pytest.mark.parametrize("name", CASES)
def test_it_is_what_is_rendered(name: str) -> None:
    case = CASES[name]
    shown = (case / "rendered.yaml").read_text(encoding="utf-8")
    assert thaw(parse(shown)) == thaw(release(case).objects)  # the shorter difference
    assert shown == render_examples.rendered(case, Helm()), "run make examples"


@pytest.mark.parametrize("name", CASES)
def test_it_passes_every_policy(name: str) -> None:
    """An example is copied. Nothing to scrape is fine where the process pushes, or annotations say where the page is."""
    told = {policy.name: policy.assess(release(CASES[name])) for policy in checks.POLICIES}
    assert len(told) > 10
    assert {policy: problems for policy, problems in told.items() if problems} == {}


def test_one_that_breaks_a_policy_is_found(tmp_path: Path, root: Path) -> None:
    """The control: the Deployment of the foreign chart without its memory limit."""
    shutil.copytree(root / "charts", tmp_path / "charts", ignore=shutil.ignore_patterns("services"))
    case = tmp_path / "charts" / "metrics" / "examples" / "foreign-chart"
    deployment = case / "templates" / "deployment.yaml"
    assert deployment.read_text().count("            limits: {memory: 256Mi}\n") == 1
    deployment.write_text(deployment.read_text().replace("            limits: {memory: 256Mi}\n", ""))
    told = [problem for policy in checks.POLICIES for problem in policy.assess(release(case))]
    assert any("no memory limit" in problem for problem in told)


@pytest.fixture
def examples(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of two examples, with the libraries, that a test may change; the script works there."""
    shutil.copytree(root / "charts", tmp_path / "charts", ignore=shutil.ignore_patterns("services"))
    folder = tmp_path / "charts" / "metrics" / "examples"
    for case in render_examples.cases(folder):
        if case.name not in {"http-api", "foreign-chart"}:
            shutil.rmtree(case)
    monkeypatch.setattr(render_examples, "EXAMPLES", folder)
    assert render_examples.main([]) == 0
    return folder


@pytest.mark.parametrize(
    ("changed", "old", "new", "stale"),
    [
        ("http-api/values.yaml", "workers: 2", "workers: 3", "http-api/rendered.yaml"),
        ("http-api/Chart.yaml", "An HTTP API", "A web API", "README.md"),
        ("foreign-chart/templates/service.yaml", "port: 80", "port: 81", "foreign-chart/rendered.yaml"),
        ("README.md", "| [values](http-api/values.yaml)", "| [more](http-api/values.yaml)", "README.md"),
    ],
)
def test_drift_is_found_and_mended(
    examples: Path, capsys: pytest.CaptureFixture[str], changed: str, old: str, new: str, stale: str
) -> None:
    assert render_examples.main(["--check"]) == 0
    capsys.readouterr()
    path = examples / changed
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    assert render_examples.main(["--check"]) == 1
    assert capsys.readouterr().out == f"examples/{stale}: out of date, run `make examples`\n"
    assert render_examples.main([]) == 0
    assert render_examples.main(["--check"]) == 0


def test_an_example_that_does_not_render_is_named(examples: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = examples / "http-api" / "values.yaml"
    path.write_text(path.read_text().replace("role: http-api", "role: web"))
    assert render_examples.main([]) == 1
    assert capsys.readouterr().err.startswith("Example http-api does not render: ")


def test_a_page_without_a_place_for_the_table_is_one_sentence(examples: Path) -> None:
    (examples / "README.md").write_text("# Examples\n")
    with pytest.raises(ExampleError, match="put it where the table belongs"):
        render_examples.derive(examples)


def test_the_page_is_as_the_examples_are(root: Path) -> None:
    page: Any = (root / "charts" / "metrics" / "examples" / "README.md").read_text()
    assert page == render_examples.table(render_examples.EXAMPLES, page)
