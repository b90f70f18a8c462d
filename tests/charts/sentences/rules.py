"""Alerts that would never fire, and labels that the chart sets itself."""

from __future__ import annotations

from tests.charts.blocks import metrics
from tests.charts.sentences import Sentence

PROMISE = {"availability": 99.9}

SENTENCES: list[Sentence] = [
    (
        "aaa-api",
        metrics(alerts={"slowRequests": {"above": "5s"}}),
        "metrics.alerts.slowRequests.above is 5s, but durations above the largest bucket, 5s, are not told apart, so it would "
        "never fire: choose less than 5s.",
    ),
    (
        "aaa-api",
        metrics(slo={"latency": {"p99": "2s"}}),
        "metrics.slo.latency.p99 is 2s, but no bucket ends there, so nobody can tell: choose 50ms, 100ms, 300ms, 1s, 3s or 5s.",
    ),
    (
        "aaa-api",
        metrics(slo=PROMISE, serviceMonitor={"interval": "3m"}),
        "metrics.serviceMonitor.interval is 3m, but metrics.slo is measured over 5 minutes and needs two samples in them: "
        "make it 2 minutes or less.",
    ),
    (
        "event-recorder",
        metrics(slo=PROMISE, otlp={"pushInterval": "180s"}),
        "metrics.otlp.pushInterval is 180s, but metrics.slo is measured over 5 minutes and needs two samples in them: "
        "make it 2 minutes or less.",
    ),
    (
        "aaa-api",
        metrics(alerts={"labels": {"app.kubernetes.io/name": "x"}}),
        "metrics.alerts.labels has app.kubernetes.io/name, which the chart sets itself: leave it out.",
    ),
    (
        "aaa-api",
        metrics(dashboard={"labels": {"helm.sh/chart": "x"}}),
        "metrics.dashboard.labels has helm.sh/chart, which the chart sets itself: leave it out.",
    ),
    (
        "aaa-api",
        metrics(serviceMonitor={"honorLabels": False}),
        "metrics.serviceMonitor.honorLabels is false, which renames the label `service`, and alerts and the dashboard select by "
        "it: set it to true, or set metrics.alerts.enabled and metrics.dashboard.enabled to false.",
    ),
]

WITHOUT_CRDS: list[Sentence] = [
    (
        "aaa-api",
        metrics(alerts={"create": "always"}),
        'metrics.alerts.create is "always", but the cluster does not know monitoring.coreos.com/v1 PrometheusRule: install the '
        "Prometheus operator's CRDs, give `helm template` `--api-versions monitoring.coreos.com/v1/PrometheusRule`, "
        "or set it to auto.",
    ),
]
