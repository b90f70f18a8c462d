"""Metrics that nobody would get."""

from __future__ import annotations

from tests.charts.blocks import metrics, standard
from tests.charts.sentences import Sentence

SENTENCES: list[Sentence] = [
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
]
