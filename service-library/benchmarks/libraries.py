"""The same series in each library: declared, recorded and scraped the way its own documentation shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

LABELS = ("method", "handler", "status")
SIX_BUCKETS = (0.05, 0.1, 0.3, 1.0, 3.0, 5.0)
FIFTEEN_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 30.0)

Values = tuple[str, str, str]
Record = Callable[[Values], None]


class Library(Protocol):
    """One library with a registry of its own."""

    def counter(self, name: str) -> Record:
        """Declare a counter with LABELS; the result adds one to the series of these label values."""

    def histogram(self, name: str, buckets: Sequence[float]) -> Record:
        """Declare a histogram with LABELS; the result observes 0.25 in the series of these label values."""

    def scrape(self) -> bytes:
        """Return the page in the text format."""


def series(number: int) -> list[Values]:
    """Return `number` different combinations, at most 2,000, of a hundred routes, four methods and five statuses."""
    combinations = [
        (method, f"/api/v1/resource-{route}/{{item_id}}", status)
        for route in range(100)
        for method in ("GET", "POST", "PUT", "DELETE")
        for status in ("200", "201", "404", "422", "500")
    ]
    return combinations[:number]


class PrometheusApi:
    """prometheus_client, and this library, which has its API.

    Args:
        api: The package.
        registry: None is a new one.
    """

    def __init__(self, api: Any, registry: Any) -> None:
        self.api = api
        self.registry = registry or api.CollectorRegistry()
        api.disable_created_metrics()

    def counter(self, name: str) -> Record:
        metric = self.api.Counter(name, "Requests.", LABELS, registry=self.registry)
        return lambda values: metric.labels(*values).inc()

    def histogram(self, name: str, buckets: Sequence[float]) -> Record:
        metric = self.api.Histogram(name, "Seconds.", LABELS, buckets=buckets, registry=self.registry)
        return lambda values: metric.labels(*values).observe(0.25)

    def scrape(self) -> bytes:
        page: bytes = self.api.generate_latest(self.registry)
        return page

    def scrape_openmetrics(self) -> bytes:
        page: bytes = self.api.openmetrics.exposition.generate_latest(self.registry)
        return page


class OpenTelemetrySdk:
    """Instruments of the SDK, scraped through its reader for Prometheus, which publishes on prometheus_client's page.

    Args:
        reader: Another reader, to push instead.
    """

    def __init__(self, reader: Any = None) -> None:
        import prometheus_client
        from opentelemetry.exporter.prometheus import PrometheusMetricReader
        from opentelemetry.sdk.metrics import MeterProvider

        self._generate = prometheus_client.generate_latest
        self.registry = prometheus_client.CollectorRegistry()
        reader = reader or PrometheusMetricReader(registry=self.registry, scope_info_enabled=False)
        self.provider = MeterProvider([reader], shutdown_on_exit=False)
        self._meter = self.provider.get_meter("benchmark")

    def counter(self, name: str) -> Record:
        counter = self._meter.create_counter(name)
        return lambda values: counter.add(1, dict(zip(LABELS, values, strict=True)))

    def histogram(self, name: str, buckets: Sequence[float]) -> Record:
        histogram = self._meter.create_histogram(name, explicit_bucket_boundaries_advisory=buckets)
        return lambda values: histogram.record(0.25, dict(zip(LABELS, values, strict=True)))

    def scrape(self) -> bytes:
        page: bytes = self._generate(self.registry)
        return page


class Aioprometheus:
    """aioprometheus, which takes labels as a dict with each call and has no bound children."""

    def __init__(self) -> None:
        import aioprometheus

        self._api = aioprometheus
        self._registry = aioprometheus.Registry()

    def counter(self, name: str) -> Record:
        counter = self._api.Counter(name, "Requests.", registry=self._registry)
        return lambda values: counter.inc(dict(zip(LABELS, values, strict=True)))

    def histogram(self, name: str, buckets: Sequence[float]) -> Record:
        bounds = (*buckets, float("inf"))
        histogram = self._api.Histogram(name, "Seconds.", registry=self._registry, buckets=bounds)
        return lambda values: histogram.observe(dict(zip(LABELS, values, strict=True)), 0.25)

    def scrape(self) -> bytes:
        page: bytes
        page, _ = self._api.render(self._registry, ["text/plain"])
        return page


class Pytheus:
    """pytheus with its backend for one process."""

    def __init__(self) -> None:
        from pytheus import exposition, metrics
        from pytheus.registry import CollectorRegistry

        self._metrics = metrics
        self._generate = exposition.generate_metrics
        self._registry = CollectorRegistry()

    def counter(self, name: str) -> Record:
        counter = self._metrics.Counter(name, "Requests.", required_labels=LABELS, registry=self._registry)
        return lambda values: counter.labels(dict(zip(LABELS, values, strict=True))).inc()

    def histogram(self, name: str, buckets: Sequence[float]) -> Record:
        histogram = self._metrics.Histogram(
            name, "Seconds.", required_labels=LABELS, buckets=buckets, registry=self._registry
        )
        return lambda values: histogram.labels(dict(zip(LABELS, values, strict=True))).observe(0.25)

    def scrape(self) -> bytes:
        return bytes(self._generate(self._registry), "utf-8")


def library(peer: str, registry: Any = None) -> Library:
    """Return the library of this name (`rounds.PEERS`) without any series.

    Args:
        peer: The name.
        registry: prometheus_client's REGISTRY for those that use it; None is a new one.
    """
    if peer == "prometheus_client":
        import prometheus_client
        import prometheus_client.openmetrics.exposition

        return PrometheusApi(prometheus_client, registry)
    if peer.startswith("ours"):
        import service_metrics
        import service_metrics.openmetrics.exposition

        return PrometheusApi(service_metrics, registry)
    others: dict[str, Callable[[], Library]] = {
        "OpenTelemetry SDK": OpenTelemetrySdk,
        "aioprometheus": Aioprometheus,
        "pytheus": Pytheus,
    }
    return others[peer]()


def populate(library: Library, number: int) -> list[tuple[Record, Values]]:
    """Create `number` series, half of them counters and half histograms of six buckets, and return how to record on each.

    A family has 500 series at most: the OpenTelemetry SDK keeps no more than 2,000.
    """
    records: list[tuple[Record, Values]] = []
    half = number // 2
    for first in range(0, half, 500):
        combinations = series(min(500, half - first))
        counter = library.counter(f"http_requests_{first}_total")
        histogram = library.histogram(f"http_request_duration_{first}_seconds", SIX_BUCKETS)
        records += [(counter, values) for values in combinations] + [(histogram, values) for values in combinations]
    for record, values in records:
        record(values)
    return records
