"""Values that cannot work stop the rendering with one sentence that names the value and says what to do."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chart_harness.fixtures.rendering import ReleaseFactory
from chart_harness.fleet import service_release
from chart_harness.render import Release, RenderError

NOTHING: dict[str, Any] = {"matchLabels": {"kubernetes.io/metadata.name": None, "app.kubernetes.io/name": None}}


def metrics(**values: Any) -> dict[str, Any]:
    return {"metrics": values}


def policy(**values: Any) -> dict[str, Any]:
    return metrics(networkPolicy=values)


def standard(**values: Any) -> dict[str, Any]:
    return {"env": {"standard": values}}


def workload(**values: Any) -> dict[str, Any]:
    return {"workload": values}


NOBODY = {"namespaceSelector": NOTHING, "podSelector": NOTHING}
OPEN = "selects nothing, which would allow everyone: set its namespaceSelector.matchLabels or podSelector.matchLabels."

# service, values over staging, the whole sentence
SENTENCES: list[tuple[str, dict[str, Any], str]] = [
    # Said by the schema
    (
        "aaa-api",
        metrics(port="http"),
        "metrics.port is a text, but must be a whole number (The one declaration of the port: container, Service, "
        "ServiceMonitor, NetworkPolicy, probes and METRICS_PORT follow it).",
    ),
    ("aaa-api", metrics(prot=8080), "metrics.prot is not a known value: perhaps metrics.port was meant."),
    (
        "aaa-api",
        metrics(serviceMonitor={"zzz": 1}),
        "metrics.serviceMonitor.zzz is not a known value: the known ones are create, enabled, interval, labels, port, scrapeTimeout.",
    ),
    (
        "aaa-api",
        standard(PROMETHEUS_BACKEND="statsd"),
        "env.standard.PROMETHEUS_BACKEND must be one of prometheus, otel, shadow.",
    ),
    ("aaa-api", metrics(role="web"), "metrics.role must be one of http-api, amqp-consumer, task-runner."),
    ("aaa-api", {"metric": {}}, "metric is not a known value: perhaps metrics was meant."),
    ("aaa-api", metrics(port=80), "metrics.port is 80, less than the smallest allowed, 1024."),
    (
        "aaa-api",
        metrics(port=None),
        "metrics.port must be set: null removes the chart's default, so leave the null out.",
    ),
    (
        "aaa-api",
        workload(resources={"limits": {"memory": "1.5 GB"}}),
        'workload.resources.limits.memory is "1.5 GB", but must look like ^[1-9][0-9]*(Ki|Mi|Gi)$ (Memory, as in 368Mi).',
    ),
    # Said by the templates
    (
        "aaa-api",
        workload(preStopSeconds=30),
        "workload.preStopSeconds is 30 and workload.terminationGracePeriodSeconds 30, so no time is left to finish the work: "
        "raise the second.",
    ),
    (
        "aaa-api",
        metrics(environment=""),
        "metrics.environment is not set: add `-f environments/<environment>/values.yaml`, which sets it, or set it yourself.",
    ),
    (
        "aaa-api",
        metrics(environment="a,b"),
        'metrics.environment is "a,b", and a comma or an equals sign would break CUSTOM_LABELS: leave it out.',
    ),
    (
        "aaa-api",
        metrics(serviceMonitor={"port": "metrics"}),
        'metrics.serviceMonitor.port is "metrics", but the service\'s ports are named http: use one of these, or leave it out.',
    ),
    (
        "aaa-api",
        {**metrics(serviceMonitor={"port": "web"}), **workload(extraPorts={"grpc": 9000})},
        'metrics.serviceMonitor.port is "web", but the service\'s ports are named grpc, http: use one of these, or leave it out.',
    ),
    (
        "aaa-api",
        metrics(serviceMonitor={"enabled": False}),
        "metrics.serviceMonitor.enabled is false and an http-api never pushes, so nobody would get the metrics: "
        "turn one of the two on, or set metrics.enabled to false.",
    ),
    (
        "event-recorder",
        metrics(serviceMonitor={"enabled": False}, otlp={"enabled": False}),
        "metrics.serviceMonitor.enabled is false and metrics.otlp.enabled is false, so nobody would get the metrics: "
        "turn one of the two on, or set metrics.enabled to false.",
    ),
    (
        "event-recorder",
        {**metrics(serviceMonitor={"enabled": False}), **standard(PROMETHEUS_BACKEND="prometheus")},
        "metrics.serviceMonitor.enabled is false and the prometheus backend cannot push, so nobody would get the metrics: "
        "turn one of the two on, or set metrics.enabled to false.",
    ),
    ("aaa-api", policy(prometheus=NOBODY), f"metrics.networkPolicy.prometheus {OPEN}"),
    ("event-recorder", policy(collector=NOBODY), f"metrics.networkPolicy.collector {OPEN}"),
    ("aaa-api", policy(peers={"web": {}}), f"metrics.networkPolicy.peers.web {OPEN}"),
    ("aaa-api", policy(peers={"web": {"namespaceSelector": {}}}), f"metrics.networkPolicy.peers.web {OPEN}"),
    ("aaa-api", policy(peers={"web": NOBODY}), f"metrics.networkPolicy.peers.web {OPEN}"),
    ("event-recorder", policy(egress={"db": {"ports": {"sql": 5432}}}), f"metrics.networkPolicy.egress.db {OPEN}"),
    (
        "event-recorder",
        policy(egress={"rabbitmq": {"ports": {"amqp": None}}}),
        "metrics.networkPolicy.egress.rabbitmq.ports is empty, which would open every port: "
        "name the ports, as in `ports: {amqp: 5672}`.",
    ),
    (
        "event-recorder",
        policy(peers={"web": {"podSelector": {"matchLabels": {"app": "web"}}}}),
        "metrics.networkPolicy.peers.web may call the service, but the service has no port: "
        "remove the peer, or declare a port in workload.extraPorts.",
    ),
    (
        "aaa-api",
        metrics(serviceMonitor={"scrapeTimeout": "2m"}),
        "metrics.serviceMonitor.scrapeTimeout is 2m, longer than metrics.serviceMonitor.interval (30s): "
        "the operator refuses that, so make it shorter.",
    ),
    (
        "aaa-api",
        metrics(serviceMonitor={"labels": {"app.kubernetes.io/name": "x"}}),
        "metrics.serviceMonitor.labels has app.kubernetes.io/name, which the chart sets itself: leave it out.",
    ),
    (
        "aaa-api",
        metrics(customLabels={"service": "x"}),
        "metrics.customLabels.service is a label that the platform sets itself: choose another name.",
    ),
    (
        "aaa-api",
        metrics(customLabels={"my-team": "x"}),
        "metrics.customLabels.my-team is no label name: start with a letter and use letters, digits and underscores only.",
    ),
    (
        "aaa-api",
        metrics(customLabels={"team": "a=b"}),
        'metrics.customLabels.team is "a=b", and a comma or an equals sign would break CUSTOM_LABELS: leave it out.',
    ),
    (
        "aaa-api",
        metrics(excludedHandlers={"x": "/a{1,2}"}),
        'metrics.excludedHandlers.x is "/a{1,2}", and METRICS_EXCLUDED_HANDLERS is separated by commas: write two entries.',
    ),
    (
        "event-recorder",
        metrics(otlp={"headersSecret": {"name": "otlp"}}),
        "metrics.otlp.headersSecret needs both name and key: set the one that is missing, or neither.",
    ),
    (
        "event-recorder",
        metrics(otlp={"endpoint": "collector:4318"}),
        'metrics.otlp.endpoint is "collector:4318": write the collector\'s URL, as in http://collector.monitoring:4318, '
        "without credentials.",
    ),
    (
        "event-recorder",
        metrics(otlp={"endpoint": "http://user:secret@collector:4318"}),
        'metrics.otlp.endpoint is "http://user:secret@collector:4318": write the collector\'s URL, '
        "as in http://collector.monitoring:4318, without credentials.",
    ),
    (
        "aaa-api",
        standard(**{"1X": "x"}),
        "env.standard.1X is no name for an environment variable: use letters, digits and underscores, and no digit first.",
    ),
    (
        "aaa-api",
        workload(extraPorts={"http": 9000}),
        "workload.extraPorts.http has the name of the port that metrics.port declares: "
        "give it another name, or change metrics.portName.",
    ),
    (
        "aaa-api",
        workload(extraPorts={"grpc": 8080}),
        "workload.extraPorts.grpc is 8080, the number of the port `http`: one number is one port, so declare it once.",
    ),
    ("aaa-api", workload(image={"repository": ""}), "workload.image.repository is not set: name the image to run."),
    (
        "event-recorder",
        workload(probes={"command": []}),
        "workload.probes.command is empty, and role amqp-consumer has no port to probe: "
        "set the command that exits with 0 when the process is healthy.",
    ),
]
NO_KIND = (
    'metrics.serviceMonitor.create is "always", but the cluster does not know monitoring.coreos.com/v1 ServiceMonitor: '
    "install the Prometheus operator's CRDs, give `helm template` "
    "`--api-versions monitoring.coreos.com/v1/ServiceMonitor`, or set it to auto."
)
OWNED_SENTENCE = "env.standard.{} is set by the metrics chart itself: remove it and use {}."
NO_TAG = "workload.image.tag is not set and Chart.yaml has no appVersion: set one of the two."
NO_LIMIT = "workload.resources.limits.memory is not set: set it, the promotion gate measures against it."
# A service's schema says these first; a foreign chart has none. test_foreign_chart.py tests them.
OUT_OF_A_SCHEMAS_REACH = [
    'env.standard.PROMETHEUS_BACKEND is "statsd": set it to prometheus, otel or shadow, or leave it out for prometheus.',
    'metrics.role is "": set it to http-api, amqp-consumer or task-runner.',
]
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


def names(index: int) -> str:
    return f"{index}-{SENTENCES[index][2].split()[0]}"


@pytest.mark.parametrize(
    ("service", "overrides", "sentence"), SENTENCES, ids=[names(index) for index in range(len(SENTENCES))]
)
def test_sentence(release: ReleaseFactory, service: str, overrides: dict[str, Any], sentence: str) -> None:
    release(service, "staging")  # the same without the overrides renders
    with pytest.raises(RenderError) as caught:
        release(service, "staging", overrides=overrides)
    assert caught.value.sentence == sentence


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
    named = metrics(namespace="a", subsystem="b", otlp={"headersSecret": {"name": "c", "key": "d"}})
    rendered = set(env(release("aaa-api", "staging", overrides=named)))
    rendered |= set(env(release("event-recorder", "staging", overrides=named)))
    assert len(rendered) == 20
    for name in rendered - {"PROMETHEUS_BACKEND", "AMQP_URL"}:
        with pytest.raises(RenderError, match=f"env.standard.{name} is set by the metrics chart itself"):
            release("aaa-api", "staging", overrides=standard(**{name: "x"}))


def test_a_monitor_that_must_be_there_does_not_vanish(render_service: Callable[..., Release]) -> None:
    with pytest.raises(RenderError) as caught:
        render_service(metrics(serviceMonitor={"create": "always"}), api_versions=["apps/v1"])
    assert caught.value.sentence == NO_KIND


@pytest.mark.parametrize(
    ("file", "leave_out", "sentence", "mended"),
    [
        ("Chart.yaml", 'appVersion: "0.1.0"', NO_TAG, workload(image={"tag": "1.2.3"})),
        ("values.yaml", "limits:\n      memory: 368Mi", NO_LIMIT, workload(resources={"limits": {"memory": "1Gi"}})),
    ],
)
def test_what_a_service_must_have(
    root: Path, tmp_path: Path, file: str, leave_out: str, sentence: str, mended: dict[str, Any]
) -> None:
    shutil.copytree(root / "charts", tmp_path / "charts")
    path = tmp_path / "charts" / "services" / "aaa-api" / file
    assert path.read_text().count(leave_out) == 1
    path.write_text(path.read_text().replace(leave_out, ""))
    with pytest.raises(RenderError) as caught:
        service_release(tmp_path, "aaa-api", "staging")
    assert caught.value.sentence == sentence
    assert service_release(tmp_path, "aaa-api", "staging", overrides=mended).one("Deployment")


def test_every_sentence_of_the_templates_is_tested(root: Path) -> None:
    tested = [sentence for _, _, sentence in SENTENCES] + [
        NO_KIND,
        NO_TAG,
        NO_LIMIT,
        OWNED_SENTENCE,
        *OUT_OF_A_SCHEMAS_REACH,
    ]
    templates = [path.read_text() for path in sorted((root / "charts").glob("*/templates/*.tpl"))]
    written = [found for text in templates for found in re.findall(r'fail (?:\(printf )?"((?:[^"\\]|\\.)*)"', text)]
    assert len(written) == sum(text.count("fail ") for text in templates) > 20
    for sentence in written:
        parts = re.split("%[qs]", sentence.replace('\\"', '"'))
        assert any(all(part in whole for part in parts) for whole in tested), sentence
