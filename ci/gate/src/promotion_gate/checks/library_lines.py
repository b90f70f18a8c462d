"""Log lines that say that the metrics library, or what it pushes with, does not work: each with its meaning and remedy.

A test holds this table against the library's own calls and OpenTelemetry's: a sentence that is written there and neither
here nor in `HARMLESS` fails it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Complaint:
    """A kind of log line. `pattern` is searched in the raw line, in which JSON may have escaped quotes."""

    pattern: re.Pattern[str]
    means: str
    """A clause."""
    remedy: str
    """A sentence."""


def _line(pattern: str, means: str, remedy: str) -> Complaint:
    return Complaint(re.compile(pattern), means, remedy)


COMPLAINTS = (
    _line(
        r"but the OpenTelemetry SDK is not installed|OTEL_EXPORTER_OTLP_PROTOCOL is .* is not installed"
        r"|\b(ModuleNotFoundError|ImportError)\b.*opentelemetry|No module named .{0,2}opentelemetry",
        "an OpenTelemetry package is missing in the image",
        "Install 'service-metrics[otel]' in the image, or set PROMETHEUS_BACKEND to prometheus.",
    ),
    _line(
        r"No module named .{0,2}service_metrics",
        "the metrics library is missing in the image",
        "Install service-metrics in the image.",
    ),
    _line(
        r"\bSettingsError: ",
        "the library does not take a setting, and the process ends",
        "Set the variable as the line says (metrics.* and env.standard in the values).",
    ),
    _line(
        r"Pushing metrics to .+ fails \(",
        "pushes do not arrive",
        "Look whether the collector runs at OTEL_EXPORTER_OTLP_ENDPOINT (metrics.otlp), takes the protocol and the headers' secret, "
        "and whether a NetworkPolicy's egress is in the way.",
    ),
    _line(
        r"Metrics are recorded and not published",
        "metrics go nowhere",
        "Set METRICS_PORT, or PROMETHEUS_BACKEND=otel and OTEL_EXPORTER_OTLP_ENDPOINT: the chart does where metrics.enabled is true.",
    ),
    _line(
        r"Each worker's metrics page shows that worker only",
        "the workers of a pod cannot meet, so a scrape sees one of them",
        "Give the workers one TMPDIR that all can write to, with a short path.",
    ),
    _line(
        r"The metrics page lacks the workers",
        "a page was incomplete",
        "Find what keeps the worker busy for seconds: work that never yields in an event loop, or too little CPU.",
    ),
    _line(
        r"The metrics page could not be rendered: a collector raised|This worker is missing on the metrics page: a collector raised",
        "a collector of the service raises when it is asked",
        "Mend the collector in the traceback below the line.",
    ),
    _line(
        r"series of METRICS_SERIES_BUDGET are used up",
        "the budget of series is used up, and new ones are counted together",
        "Take the label without bound from the family that the line names, or raise metrics.budget.series.",
    ),
    _line(
        r"The backends differ: ",
        "the two backends do not say the same",
        "Report the series to the library's team; keep the backend that the service had.",
    ),
    _line(
        r"The callback of the label .* failed",
        "the service's callback for a label raises or returns no string",
        "Mend the callback in the traceback below the line.",
    ),
    _line(
        r"The group of job .* stays on the Pushgateway",
        "a job's values stay on the Pushgateway for ever",
        "Look whether the Pushgateway can be reached when the job ends; delete the group there.",
    ),
    _line(
        r"push_to_gateway was called in a process that also serves its metrics",
        "values are pushed and scraped, so they count twice",
        "Take the push_to_gateway call out of the service.",
    ),
    _line(
        r"Failed to export \w+ (batch|to )|Failed to encode metrics batch|Failed to encode key|Exception while exporting"
        r"|Dropping metrics batch|Metric collection timed out|Tried to split and export an unsupported metric type"
        r"|unsupported data type|Failed to read file: ",
        "OpenTelemetry's exporter did not deliver",
        "Look whether the collector takes what is sent: its address, protocol, certificate, and the size of a request.",
    ),
    _line(
        r"Unrecognized OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE value|Invalid value for .+: .+, using .+ aggregation"
        r"|Invalid timeout value|Unsupported compression type|Found invalid value for export (interval|timeout)",
        "OpenTelemetry does not take a setting, and goes on without it",
        "Set the OTEL_* variable to a value that OpenTelemetry knows.",
    ),
)

HARMLESS = (
    r"Pushing metrics to .* works again after",  # the line before it, that pushing fails, is what counts
    r"already shutdown|Can't shutdown multiple times",  # at the end of the process
    r"Shutdown in progress, aborting retry",  # at the end of the process
    r"Transient error .* retrying in",  # delivered by a later attempt, or a line of its own says that it was not
    r"Cannot call collect on a MetricReader until it is registered",  # the library has no reader of the SDK's
)
"""Lines of the library and of OpenTelemetry that are no reason to hold a release back."""
