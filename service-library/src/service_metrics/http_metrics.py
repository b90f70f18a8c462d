"""The metrics of an HTTP API, and one cached recorder per (handler, method, status) and values of added labels."""

from __future__ import annotations

import logging
from bisect import bisect_left
from collections.abc import Callable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from service_metrics.backend import CollectorRegistry, Counter, Gauge, Histogram, Summary
from service_metrics.budget.ration import OVERFLOW
from service_metrics.recording.cells import CounterCell, HistogramCell, SummaryCell
from service_metrics.recording.counter import Counter as PlainCounter
from service_metrics.recording.histogram import Histogram as PlainHistogram
from service_metrics.recording.summary import Summary as PlainSummary
from service_metrics.settings import Settings
from service_metrics.work import DURATION_BUCKETS

logger = logging.getLogger("service_metrics")

Record = Callable[[float, float, float], None]
"""Records one finished request; called with seconds, request bytes and response bytes."""

LabelCallbacks = Mapping[str, Callable[[Any], str]]
"""Label names, and what gives the label's value for a request (an ASGI scope, a WSGI environ, a framework's request)."""

METHODS = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"})
UNKNOWN = "unknown"

_PLAIN_CELLS = (PlainCounter, PlainHistogram, PlainSummary)
_OWN_LABELS = ("handler", "method", "status")


class HttpMetrics:
    """The five families of an HTTP API.

    Args:
        settings: Gives the prefix of the names.
        registry: Where the families are registered.
        added: Names of labels to add to `http_requests_total` and `http_request_duration_seconds`.

    Raises:
        ValueError: the registry has families of these names already, or a label's name is invalid or taken.
    """

    def __init__(self, settings: Settings, registry: CollectorRegistry, added: tuple[str, ...] = ()) -> None:
        for name in added:
            if name in _OWN_LABELS:
                raise ValueError(
                    f"labels= has {name!r}, a label that the HTTP metrics set themselves; name it otherwise."
                )
        namespace, subsystem = settings.namespace, settings.subsystem
        self.added = added
        self._total = Counter(
            "http_requests_total",
            "HTTP requests, by route template, method and status.",
            [*_OWN_LABELS, *added],
            registry=registry,
            namespace=namespace,
            subsystem=subsystem,
        )
        self._duration = Histogram(
            "http_request_duration_seconds",
            "Seconds from the request to the last byte of the response.",
            ["handler", "method", *added],
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
        self._records: dict[tuple[str, ...], Record] = {}

    def record(self, handler: str, method: str, status: str, label_values: tuple[str, ...] = ()) -> Record:
        """Return what records one finished request.

        Methods outside RFC 9110 and PATCH count as `OTHER`: a client could make up any number of them.
        """
        key = (handler, method if method in METHODS else "OTHER", status, *label_values)
        try:
            return self._records[key]
        except KeyError:
            return self._make(key)

    def _make(self, key: tuple[str, ...]) -> Record:
        """Make a recorder, and keep it where all it records in are series of this key's own.

        What the budget has put together with others is asked for each time: clients may make up any number of such keys.
        """
        handler, method, status, *label_values = key
        requests = self._total.labels(handler, method, status, *label_values)
        duration = self._duration.labels(handler, method, *label_values)
        request_size, response_size = self._request_size.labels(handler), self._response_size.labels(handler)
        has_body = method != "HEAD"  # the server leaves out what the application sends
        if (type(requests), type(duration), type(request_size)) == _PLAIN_CELLS:
            made = _recording_in_one(requests, duration, request_size, response_size, has_body=has_body)
            return self._keep(key, made, requests, duration, request_size, response_size)

        def record(seconds: float, request_bytes: float, response_bytes: float) -> None:
            requests.inc()
            duration.observe(seconds)
            request_size.observe(request_bytes)
            response_size.observe(response_bytes if has_body else 0.0)

        return self._keep(key, record, requests, duration, request_size, response_size)

    def _keep(self, key: tuple[str, ...], made: Record, *children: Any) -> Record:
        if not any(OVERFLOW in child._labelvalues for child in children):
            self._records[key] = made
        return made


def _recording_in_one(
    requests: CounterCell,
    duration: HistogramCell,
    request_size: SummaryCell,
    response_size: SummaryCell,
    *,
    has_body: bool,
) -> Record:
    """Return what does the work of four cells in one call: together they are a third of what a request costs.

    As exact as theirs under threads, for the same reason; see `service_metrics.recording.cells`.
    """
    bounds = duration._bounds

    def record(seconds: float, request_bytes: float, response_bytes: float) -> None:
        requests._value += 1.0
        counts = duration._counts
        bucket = bisect_left(bounds, seconds)
        counts[bucket] += 1
        counts[-1] += seconds
        totals = request_size._totals
        totals[0] += 1
        totals[1] += request_bytes
        totals = response_size._totals
        totals[0] += 1
        if has_body:
            totals[1] += response_bytes

    return record


_made: WeakKeyDictionary[CollectorRegistry, dict[tuple[str, str], HttpMetrics]] = WeakKeyDictionary()


def http_metrics(settings: Settings, registry: CollectorRegistry, added: tuple[str, ...] = ()) -> HttpMetrics:
    """Return the families of a registry, made on first use: several applications in a process share them.

    Raises:
        ValueError: the registry has other families of these names, or these with other added labels.
    """
    by_prefix = _made.setdefault(registry, {})
    prefix = (settings.namespace, settings.subsystem)
    if prefix not in by_prefix:
        by_prefix[prefix] = HttpMetrics(settings, registry, added)
    made = by_prefix[prefix]
    if made.added != added:
        raise ValueError(
            f"labels= has {list(added)}, but the HTTP metrics of this process have the added labels {list(made.added)} "
            "already; give every application of the process the same."
        )
    return made


class AddedLabels:
    """Asks callbacks for the values of added labels. Never raises for a request.

    Args:
        callbacks: Called once a request with what the framework knows of it.
        registry: Where `service_metrics_label_errors_total` is registered.
    """

    def __init__(self, callbacks: LabelCallbacks, registry: CollectorRegistry) -> None:
        self.names = tuple(callbacks)
        self._callbacks = tuple(callbacks.items())
        self._errors = _label_errors(registry)
        self._told: set[str] = set()

    def values(self, request: Any) -> tuple[str, ...]:
        """Return a value for each name; what a callback cannot say is `unknown`, and counted."""
        return tuple([self._value(name, callback, request) for name, callback in self._callbacks])

    def _value(self, name: str, callback: Callable[[Any], str], request: Any) -> str:
        try:
            value = callback(request)
            if not isinstance(value, str):
                raise TypeError(f"It returned {value!r}, which is not a string.")
            value.encode()  # half of a surrogate pair would make the whole page unreadable
        except Exception:
            self._errors.labels(name).inc()
            if name not in self._told:
                self._told.add(name)
                logger.warning(
                    "The callback of the label %r failed; such requests count as %r.", name, UNKNOWN, exc_info=True
                )
            return UNKNOWN
        return str.__str__(value)  # plain text also where a subclass, such as an Enum, prints itself differently


_made_label_errors: WeakKeyDictionary[CollectorRegistry, Counter] = WeakKeyDictionary()


def _label_errors(registry: CollectorRegistry) -> Counter:
    if registry not in _made_label_errors:
        _made_label_errors[registry] = Counter(
            "service_metrics_label_errors_total",
            "Label callbacks that raised or returned no string.",
            ["label"],
            registry=registry,
        )
    return _made_label_errors[registry]
