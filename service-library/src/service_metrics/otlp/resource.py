"""The OpenTelemetry resource of this process."""

from __future__ import annotations

from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.version import __version__ as sdk_version

from service_metrics.identity import instance_id


def process_resource() -> Resource:
    """Return OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES, with the identity of the calling process.

    `service.instance.id` is always the process's own: two workers under one id would overwrite each other's series.
    Built by hand because `Resource.create` runs its detectors in a thread pool, which fails at interpreter exit.
    """
    telemetry = {
        "telemetry.sdk.language": "python",
        "telemetry.sdk.name": "opentelemetry",
        "telemetry.sdk.version": sdk_version,
        "service.name": "unknown_service",
    }
    identity = Resource({"service.instance.id": instance_id()})
    return Resource(telemetry).merge(OTELResourceDetector().detect()).merge(identity)
