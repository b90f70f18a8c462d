"""The metrics of an HTTP API, and one cached recorder per (handler, method, status)."""

from __future__ import annotations

from collections.abc import Callable
from weakref import WeakKeyDictionary

from service_metrics.backend import CollectorRegistry, Counter, Gauge, Histogram, Summary
from service_metrics.settings import Settings
from service_metrics.work import DURATION_BUCKETS

Record = Callable[[float, int, int], None]

_METHODS = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"})


class HttpMetrics:
    """The five families of an HTTP API.

    Args:
        settings: Gives the prefix of the names.
        registry: Where the families are registered.

    Raises:
        ValueError: the registry has families of these names already.
    """

    def __init__(self, settings: Settings, registry: CollectorRegistry) -> None:
        namespace, subsystem = settings.namespace, settings.subsystem
        self._total = Counter(
            "http_requests_total",
            "HTTP requests, by route template, method and status.",
            ["handler", "method", "status"],
            registry=registry,
            namespace=namespace,
            subsystem=subsystem,
        )
        self._duration = Histogram(
            "http_request_duration_seconds",
            "Seconds from the request to the last byte of the response.",
            ["handler", "method"],
            buckets=DURATION_BUCKETS,
            registry=registry,
            namespace=namespace,
            subsystem=subsystem,
        )
        self._request_size = Summary(
            "http_request_size_bytes",
            "Content-Length of requests.",
            ["handler"],
            registry=registry,
            namespace=namespace,
            subsystem=subsystem,
        )
        self._response_size = Summary(
            "http_response_size_bytes",
            "Bytes of response bodies.",
            ["handler"],
            registry=registry,
            namespace=namespace,
            subsystem=subsystem,
        )
        self.in_progress = Gauge(
            "http_requests_in_progress",
            "HTTP requests being answered.",
            registry=registry,
            namespace=namespace,
            subsystem=subsystem,
        )
        self._records: dict[tuple[str, str, str], Record] = {}

    def record(self, handler: str, method: str, status: str) -> Record:
        """Return what records one finished request: called with seconds, request bytes and response bytes.

        Methods outside RFC 9110 and PATCH count as `OTHER`: a client could make up any number of them.
        """
        key = (handler, method, status)
        try:
            return self._records[key]
        except KeyError:
            known = method if method in _METHODS else "OTHER"
            made = self._make(handler, known, status)
            if known == method:
                self._records[key] = made
            return made

    def _make(self, handler: str, method: str, status: str) -> Record:
        count = self._total.labels(handler, method, status).inc
        observe_duration = self._duration.labels(handler, method).observe
        observe_request = self._request_size.labels(handler).observe
        observe_response = self._response_size.labels(handler).observe

        def record(seconds: float, request_bytes: int, response_bytes: int) -> None:
            count()
            observe_duration(seconds)
            observe_request(request_bytes)
            observe_response(response_bytes)

        return record


_made: WeakKeyDictionary[CollectorRegistry, dict[tuple[str, str], HttpMetrics]] = WeakKeyDictionary()


def http_metrics(settings: Settings, registry: CollectorRegistry) -> HttpMetrics:
    """Return the families of a registry, made on first use: several applications in a process share them.

    Raises:
        ValueError: the registry has other families of these names.
    """
    by_prefix = _made.setdefault(registry, {})
    prefix = (settings.namespace, settings.subsystem)
    if prefix not in by_prefix:
        by_prefix[prefix] = HttpMetrics(settings, registry)
    return by_prefix[prefix]
