"""Stands in for the collector: takes OTLP metrics over HTTP and keeps what every worker pushed last.

OTLP 1.x, http/protobuf: POST /v1/metrics with an ExportMetricsServiceRequest, plain, gzip or deflate.
"""

from __future__ import annotations

import gzip
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AGGREGATION_TEMPORALITY_DELTA,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    ResourceMetrics,
)

from promotion_gate.evidence import INSTANCE_LABEL, Family, MetricsPage, Sample

_PATH = "/v1/metrics"
_DECODERS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.decompress, "deflate": zlib.decompress}


class OtlpReceiver:
    """Listens on a free loopback port from `start` to `stop`; `pages` may be read from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pages: dict[tuple[str, str], MetricsPage] = {}
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = self.headers.get("Content-Length", "")
                if length.isdecimal():
                    body = self.rfile.read(int(length))
                    status = receiver.take(self.path, self.headers.get("Content-Encoding", ""), body)
                else:
                    status = HTTPStatus.LENGTH_REQUIRED
                self.send_response(status)
                self.send_header("Content-Type", "application/x-protobuf")
                answer = ExportMetricsServiceResponse().SerializeToString()
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: Any) -> None:
                """Silent: the gate's terminal shows progress."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        # looks for `stop` that often, in seconds
        serve = partial(self._server.serve_forever, poll_interval=0.05)
        self._thread = threading.Thread(target=serve, name="otlp-receiver", daemon=True)

    @property
    def endpoint(self) -> str:
        """The value for OTEL_EXPORTER_OTLP_ENDPOINT."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Closes the port; safe before `start`."""
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()

    def pages(self) -> tuple[MetricsPage, ...]:
        """The last push of every worker."""
        with self._lock:
            return tuple(self._pages.values())

    def take(self, path: str, encoding: str, body: bytes) -> HTTPStatus:
        """Reads one request; what cannot be read is refused, so that the sender counts a failure."""
        if path != _PATH:
            return HTTPStatus.NOT_FOUND
        try:
            request = ExportMetricsServiceRequest.FromString(_DECODERS.get(encoding, bytes)(body))
        except (DecodeError, OSError, EOFError, zlib.error):
            return HTTPStatus.BAD_REQUEST
        for resource in request.resource_metrics:
            page = _page(resource)
            with self._lock:
                self._pages[page.pod, page.source] = page
        return HTTPStatus.OK


def _page(resource: ResourceMetrics) -> MetricsPage:
    attributes = {item.key: _text(item.value) for item in resource.resource.attributes}
    instance = attributes.get("service.instance.id", "")
    metrics = [metric for scope in resource.scope_metrics for metric in scope.metrics]
    identity = {INSTANCE_LABEL: instance} if instance else {}
    nanos = max((point.time_unix_nano for metric in metrics for point in _points(metric)), default=0)
    return MetricsPage(
        pod=attributes.get("k8s.pod.name", ""),
        how="push",
        source=f"OTLP from {instance or 'a worker without service.instance.id'}",
        taken_at=datetime.fromtimestamp(nanos / 1e9, UTC),
        status=HTTPStatus.OK,
        families=tuple(_family(metric, identity) for metric in metrics),
        received_at=datetime.now(UTC),
    )


def _text(value: Any) -> str:
    kind = value.WhichOneof("value")
    return str(getattr(value, kind)) if kind else ""


def _points(metric: Metric) -> Iterable[Any]:
    data = getattr(metric, metric.WhichOneof("data") or "gauge")
    points: Iterable[Any] = data.data_points
    return points


def _family(metric: Metric, identity: dict[str, str]) -> Family:
    data = metric.WhichOneof("data")
    kind: str = data or "unknown"
    if data == "sum":
        kind = "counter" if metric.sum.is_monotonic else "gauge"
    if getattr(getattr(metric, data or "gauge"), "aggregation_temporality", 0) == AGGREGATION_TEMPORALITY_DELTA:
        kind = f"delta {kind}"  # the last push alone then says nothing, and Prometheus cannot take it
    samples: list[Sample] = []
    for point in _points(metric):
        labels = {item.key: _text(item.value) for item in point.attributes} | identity
        if isinstance(point, HistogramDataPoint):
            samples += _histogram(metric.name, labels, point)
        elif isinstance(point, NumberDataPoint):  # other points get no samples: no check takes their type
            value = point.as_int if point.WhichOneof("value") == "as_int" else point.as_double
            samples.append(Sample(metric.name, labels, value))
    return Family(metric.name, kind, tuple(samples))


def _histogram(name: str, labels: dict[str, str], point: HistogramDataPoint) -> Iterator[Sample]:
    """OTLP counts each bucket by itself, the text format all below a bound."""
    running = 0
    for bound, count in zip([*point.explicit_bounds, float("inf")], point.bucket_counts, strict=False):
        running += count
        yield Sample(f"{name}_bucket", {**labels, "le": "+Inf" if bound == float("inf") else repr(bound)}, running)
    yield Sample(f"{name}_count", labels, point.count)
    yield Sample(f"{name}_sum", labels, point.sum)
