"""The OpenTelemetry SDK's exporter that OTEL_METRICS_EXPORTER names, and a quiet place for its log lines.

`otlp` is known here; every other name is one that an installed package has declared, as the SDK does with `console`.
"""

from __future__ import annotations

import logging
import threading
from importlib.metadata import entry_points

from opentelemetry.sdk.metrics.export import MetricExporter

from service_metrics.settings import Settings, SettingsError

_LOGGERS = ("opentelemetry.exporter.otlp.proto.http.metric_exporter", "opentelemetry.exporter.otlp.proto.grpc.exporter")


def make_exporter(settings: Settings) -> MetricExporter:
    """Return an exporter, which takes endpoint, headers, time-out and certificates from the OTEL_EXPORTER_OTLP_* variables.

    Raises:
        SettingsError: no installed package has the exporter, or the one for the protocol is missing.
    """
    if settings.exporter == "otlp":
        return _otlp(settings)
    for declared in entry_points(group="opentelemetry_metrics_exporter", name=settings.exporter):
        made = declared.load()()
        if isinstance(made, MetricExporter):
            return made
    raise SettingsError(
        f"OTEL_METRICS_EXPORTER is {settings.exporter!r}, an exporter that no installed package has; "
        "set it to 'otlp', 'console' or 'none', or install the package."
    )


def _otlp(settings: Settings) -> MetricExporter:
    try:
        if settings.otlp_protocol == "grpc":
            from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter as GrpcExporter

            return GrpcExporter()
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter as HttpExporter

        return HttpExporter()
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"OTEL_EXPORTER_OTLP_PROTOCOL is {settings.otlp_protocol!r} but {error.name} is not installed; "
            "install 'service-metrics[otel]' or choose the other protocol."
        ) from None


class QuietExporter(logging.Filter):
    """Keeps the exporter's log lines of one thread back and remembers the last one.

    The exporter logs every failed attempt; the push loop logs once when pushing begins to fail and once when it works
    again. Lines of other threads, from other exporters in the process, pass.
    """

    def __init__(self) -> None:
        super().__init__()
        self._thread = threading.get_ident()
        self.reason = ""

    def __enter__(self) -> QuietExporter:
        for name in _LOGGERS:
            logging.getLogger(name).addFilter(self)
        return self

    def __exit__(self, *exception: object) -> None:
        for name in _LOGGERS:
            logging.getLogger(name).removeFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        if threading.get_ident() != self._thread:
            return True
        self.reason = record.getMessage()
        return False
