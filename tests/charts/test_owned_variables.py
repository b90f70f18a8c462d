"""A variable that the chart sets itself cannot be set a second time in env.standard."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk import environment_variables

from chart_harness.fixtures.rendering import ReleaseFactory
from chart_harness.render import Release, RenderError
from tests.charts.blocks import metrics, standard

OWNED = {
    "CUSTOM_LABELS": "metrics.customLabels",
    "ENABLE_METRICS": "metrics.enabled",
    "K8S_POD_NAME": "another name",
    "METRICS_PORT": "metrics.port",
    "METRICS_PUSH_INTERVAL": "metrics.otlp.pushInterval",
    "OTEL_SERVICE_NAME": "the chart's name",
    "PROMETHEUS_METRICS_ENABLE": "metrics.enabled",
    "WEB_CONCURRENCY": "metrics.workers",
}

# Since 1.1: the variable, and values with which the chart does not set it.
LATER: dict[str, dict[str, Any]] = {
    "DD_TRACE_ENABLED": {"dd_trace_enabled": None},
    "METRICS_SCRAPE_CACHE": metrics(scrapeCache=False),
    "METRICS_SERIES_BUDGET": metrics(budget={"series": 0}),
    "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": metrics(otlp={"temporality": "cumulative"}),
}


@pytest.mark.parametrize("name", OWNED)
def test_a_variable_of_the_charts_own(release: ReleaseFactory, name: str) -> None:
    with pytest.raises(RenderError) as caught:
        release("aaa-api", "staging", overrides=standard(**{name: "x"}))
    assert (
        caught.value.sentence
        == f"env.standard.{name} is set by the metrics chart itself: remove it and use {OWNED[name]}."
    )


def test_every_variable_that_is_rendered_is_guarded(
    release: ReleaseFactory, env: Callable[[Release], dict[str, Any]]
) -> None:
    otlp = {"headersSecret": {"name": "c", "key": "d"}, "temporality": "delta"}
    named = metrics(namespace="a", subsystem="b", otlp=otlp, scrapeCache=True, budget={"series": 1000})
    every = {**named, "dd_trace_enabled": False}
    rendered = set(env(release("aaa-api", "staging", overrides=every)))
    rendered |= set(env(release("event-recorder", "staging", overrides=every)))
    assert len(rendered) == 24
    assert rendered > LATER.keys()
    for name in rendered - {"PROMETHEUS_BACKEND", "AMQP_URL"}:
        with pytest.raises(RenderError, match=f"env.standard.{name} is set by the metrics chart itself"):
            release("aaa-api", "staging", overrides={**every, **standard(**{name: "x"})})


def test_somebody_reads_every_variable(root: Path) -> None:
    """What the chart sets is what the library, OpenTelemetry's SDK or the service's server reads: no name is misspelt."""
    owners = (root / "charts" / "metrics" / "templates" / "_validate_env.tpl").read_text()
    names = set(re.findall(r"^([A-Z0-9_]+): ", owners, flags=re.MULTILINE)) | {"PROMETHEUS_BACKEND"}
    source = "".join(path.read_text() for path in (root / "service-library" / "src").rglob("*.py"))
    read = set(re.findall(r"\"([A-Z0-9_]+)\"", source)) | set(vars(environment_variables))
    assert "METRICS_SERIES_BUDGET" in names & read
    assert names - read == {
        *(f"K8S_{name}" for name in ("NAMESPACE_NAME", "NODE_NAME", "POD_NAME", "POD_UID")),  # OTEL_RESOURCE_ATTRIBUTES
        "DD_TRACE_ENABLED",  # Datadog's tracer
        "WEB_CONCURRENCY",  # uvicorn and gunicorn
    }


@pytest.mark.parametrize("name", LATER)
def test_a_variable_that_has_a_value_since_later_may_stay(
    release: ReleaseFactory, env: Callable[[Release], dict[str, Any]], name: str
) -> None:
    """Who set it in env.standard before there was a value for it is not refused by an upgrade of the chart."""
    set_before = {**LATER[name], "env": {"standard": {name: "before"}}}
    assert env(release("archive-tagger", "staging", overrides=set_before))[name] == "before"
