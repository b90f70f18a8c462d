"""Rows of what the process is told: env, and the keys of metrics that become variables."""

from __future__ import annotations

from tests.charts.keys.row import Row

ATTRIBUTES = "Deployment env.OTEL_RESOURCE_ATTRIBUTES"
LABELS = "Deployment env.CUSTOM_LABELS"
SECRET = {"metrics": {"otlp": {"headersSecret": {"name": "otlp", "key": "headers"}}}}

RENDERS: dict[str, Row] = {
    "dd_trace_enabled": Row(value=False, where="Deployment env.DD_TRACE_ENABLED", shows="false"),
    "env.standard.*": Row(7, "Deployment env.X", "7", name="X"),
    "env.standard.PROMETHEUS_BACKEND": Row("shadow", "Deployment env.PROMETHEUS_BACKEND", "shadow"),
    "env.units.*.*": Row("text", "Deployment env.web", "text", name="web", given={"metrics": {"units": {"web": {}}}}),
    "metrics.enabled": Row(value=False, where="Deployment env.PROMETHEUS_METRICS_ENABLE", shows="false"),
    "metrics.role": Row(
        "task-runner",
        "Deployment env.METRICS_EXCLUDED_HANDLERS",
        None,
        given={
            "metrics": {"networkPolicy": {"peers": {"aaa-gateway": None}}},
            "workload": {"probes": {"command": ["healthy"]}},
        },
    ),
    "metrics.environment": Row("test", LABELS, "environment=test,service=aaa-api"),
    "metrics.port": Row(9000, "Service spec.ports[0].port", 9000),
    "metrics.portName": Row("web", "Service spec.ports[0].name", "web"),
    "metrics.path": Row("/m", "Deployment env.METRICS_PATH", "/m"),
    "metrics.workers": Row(7, "Deployment env.WEB_CONCURRENCY", "7"),
    "metrics.namespace": Row("shop", "Deployment env.METRICS_NAMESPACE", "shop"),
    "metrics.subsystem": Row("cart", "Deployment env.METRICS_SUBSYSTEM", "cart"),
    "metrics.scrapeCache": Row(value=True, where="Deployment env.METRICS_SCRAPE_CACHE", shows="true"),
    "metrics.customLabels.*": Row("text", LABELS, "environment=staging,service=aaa-api,x=text"),
    "metrics.excludedHandlers.*": Row("/x", "Deployment env.METRICS_EXCLUDED_HANDLERS", "/metrics,/health/.*,/x"),
    "metrics.budget.series": Row(1000, "Deployment env.METRICS_SERIES_BUDGET", "500"),
    "metrics.otlp.enabled": Row(
        value=False, where="Deployment env.OTEL_EXPORTER_OTLP_ENDPOINT", shows=None, service="event-recorder"
    ),
    "metrics.otlp.endpoint": Row(
        "http://collector:9999", "NetworkPolicy spec.egress[1].ports[0].port", 9999, service="event-recorder"
    ),
    "metrics.otlp.protocol": Row(
        "grpc", "Deployment env.OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", service="event-recorder"
    ),
    "metrics.otlp.temporality": Row(
        "delta", "Deployment env.OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta", service="event-recorder"
    ),
    "metrics.otlp.pushInterval": Row("7s", "Deployment env.METRICS_PUSH_INTERVAL", "7s", service="event-recorder"),
    "metrics.otlp.headersSecret.name": Row(
        "other",
        "Deployment env.OTEL_EXPORTER_OTLP_HEADERS.secretKeyRef.name",
        "other",
        service="event-recorder",
        given=SECRET,
    ),
    "metrics.otlp.headersSecret.key": Row(
        "other",
        "Deployment env.OTEL_EXPORTER_OTLP_HEADERS.secretKeyRef.key",
        "other",
        service="event-recorder",
        given=SECRET,
    ),
    "metrics.serviceMonitor.enabled": Row(
        value=False,
        where="",  # beside a PodMonitor, or where the process pushes, it decides nothing
        stops="metrics.serviceMonitor.enabled is false and an http-api never pushes, so nobody would get the metrics",
    ),
    "metrics.otlp.resourceAttributes.*": Row("text", ATTRIBUTES),
}
