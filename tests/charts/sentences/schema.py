"""Said by a schema, and put into one clause a key by the harness."""

from __future__ import annotations

from tests.charts.blocks import metrics, standard, workload
from tests.charts.sentences import Sentence

SENTENCES: list[Sentence] = [
    (
        "aaa-api",
        metrics(port="http"),
        "metrics.port is a text, but must be a whole number (The one declaration of the port: container, Service, "
        "ServiceMonitor, NetworkPolicy, probes and METRICS_PORT follow it).",
    ),
    ("aaa-api", metrics(prot=8080), "metrics.prot is not a known value: perhaps metrics.port was meant."),
    (
        "aaa-api",
        metrics(budget={"zzz": 1}),
        "metrics.budget.zzz is not a known value: the known ones are labels, series, warnPercent.",
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
]
