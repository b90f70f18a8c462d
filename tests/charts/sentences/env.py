"""Variables, labels and excluded handlers."""

from __future__ import annotations

from tests.charts.blocks import metrics, standard
from tests.charts.sentences import Sentence

SENTENCES: list[Sentence] = [
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
        metrics(otlp={"resourceAttributes": {"service.version": "2"}}),
        "metrics.otlp.resourceAttributes has service.version, which the platform sets itself: leave it out.",
    ),
    (
        "aaa-api",
        metrics(otlp={"resourceAttributes": {"cloud region": "x"}}),
        'metrics.otlp.resourceAttributes has "cloud region", which is no attribute\'s name: start with a letter and use '
        "letters, digits, dots, dashes and underscores only.",
    ),
    (
        "aaa-api",
        metrics(otlp={"resourceAttributes": {"team.name": "red,blue"}}),
        'metrics.otlp.resourceAttributes.team.name is "red,blue", and a comma or an equals sign would break '
        "OTEL_RESOURCE_ATTRIBUTES: leave it out.",
    ),
    (
        "aaa-api",
        metrics(budget={"series": 199}),
        "metrics.budget.series is 199, and each of the 2 worker processes of a pod needs 100: raise it to 200 or more, "
        "or set 0 for no budget.",
    ),
    (
        "aaa-api",
        standard(**{"1X": "x"}),
        "env.standard.1X is no name for an environment variable: use letters, digits and underscores, and no digit first.",
    ),
]

ELSEWHERE = [
    "env.standard.{} is set by the metrics chart itself: remove it and use {}.",  # test_owned_variables.py
    # test_foreign_chart.py: a service's own schema says these first
    'env.standard.PROMETHEUS_BACKEND is "statsd": set it to prometheus, otel or shadow, or leave it out for prometheus.',
    'metrics.role is "": set it to http-api, amqp-consumer or task-runner.',
]
