"""What one recording call costs.

python service-library/benchmarks/recording.py [--quick] [--json FILE]
"""

from __future__ import annotations

import timeit
from typing import Any

from rounds import Measured, Subject, peers, run

POSITIONAL = "labels(a, b, c).inc()"
KEYWORD = "labels(a=, b=, c=).inc()"
BOUND_INC = "bound inc()"
BOUND_OBSERVE = "bound observe(), 6 buckets"
LABELS_OBSERVE = "labels(a, b).observe()"
GAUGE = "gauge inc(); dec()"
SUMMARY = "summary observe()"
NUMBER = "labels(a, b, 200).inc()"
BUCKETS = (0.05, 0.1, 0.3, 1.0, 3.0, 5.0)

PROMETHEUS_API = {
    POSITIONAL: "counter.labels('GET', '/items/{item_id}', '200').inc()",
    KEYWORD: "counter.labels(method='GET', handler='/items/{item_id}', status='200').inc()",
    NUMBER: "counter.labels('GET', '/items/{item_id}', 200).inc()",
    BOUND_INC: "bound_counter.inc()",
    BOUND_OBSERVE: "bound_histogram.observe(0.25)",
    LABELS_OBSERVE: "histogram.labels('GET', '/items/{item_id}').observe(0.25)",
    GAUGE: "gauge.inc(); gauge.dec()",
    SUMMARY: "bound_summary.observe(512)",
}
OTEL_API = {
    KEYWORD: "counter.add(1, {'method': 'GET', 'handler': '/items/{item_id}', 'status': '200'})",
    LABELS_OBSERVE: "histogram.record(0.25, {'method': 'GET', 'handler': '/items/{item_id}'})",
    GAUGE: "gauge.add(1); gauge.add(-1)",
}
AIOPROMETHEUS_API = {
    KEYWORD: "counter.inc({'method': 'GET', 'handler': '/items/{item_id}', 'status': '200'})",
    LABELS_OBSERVE: "histogram.observe({'method': 'GET', 'handler': '/items/{item_id}'}, 0.25)",
    GAUGE: "gauge.inc({}); gauge.dec({})",
    SUMMARY: "summary.observe({'handler': '/items/{item_id}'}, 512)",
}
PYTHEUS_API = {
    KEYWORD: PROMETHEUS_API[KEYWORD],
    BOUND_INC: PROMETHEUS_API[BOUND_INC],
    BOUND_OBSERVE: PROMETHEUS_API[BOUND_OBSERVE],
    LABELS_OBSERVE: "histogram.labels(method='GET', handler='/items/{item_id}').observe(0.25)",
    GAUGE: PROMETHEUS_API[GAUGE],
    SUMMARY: PROMETHEUS_API[SUMMARY],
}


def measure(peer: str, quick: bool) -> Measured:
    """Return nanoseconds per call: the fastest of thirty times in this process, the garbage collector off."""
    if peer == "OpenTelemetry SDK":
        calls, names = OTEL_API, _otel()
    elif peer == "aioprometheus":
        calls, names = AIOPROMETHEUS_API, _aioprometheus()
    elif peer == "pytheus":
        calls, names = PYTHEUS_API, _pytheus()
    else:
        calls, names = PROMETHEUS_API, _prometheus_api(peer)
    return {row: _fastest(call, names, quick) for row, call in calls.items()}


def _fastest(call: str, names: dict[str, Any], quick: bool) -> float:
    """Return nanoseconds; short runs, so that some of them have the processor for themselves."""
    timer = timeit.Timer(call, globals=names)
    milliseconds = timer.timeit(1_000) * 1e3 / 1_000
    number = max(100, int((0.5 if quick else 5) / milliseconds))
    return min(timer.repeat(2 if quick else 30, number)) / number * 1e9


def _prometheus_api(peer: str) -> dict[str, Any]:
    api: Any
    if peer == "prometheus_client":
        import prometheus_client as api
    elif peer == "ours, locked":
        import service_metrics.recording.free_threaded as api
    else:
        import service_metrics as api
    counter = api.Counter("requests_total", "Requests.", ["method", "handler", "status"], registry=None)
    histogram = api.Histogram("seconds", "Seconds.", ["method", "handler"], buckets=BUCKETS, registry=None)
    return {
        "counter": counter,
        "bound_counter": counter.labels("GET", "/items/{item_id}", "200"),
        "gauge": api.Gauge("in_progress", "In progress.", registry=None),
        "histogram": histogram,
        "bound_histogram": histogram.labels("GET", "/items/{item_id}"),
        "bound_summary": api.Summary("bytes", "Bytes.", ["handler"], registry=None).labels("/items/{item_id}"),
    }


def _otel() -> dict[str, Any]:
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader

    meter = MeterProvider([InMemoryMetricReader()], shutdown_on_exit=False).get_meter("benchmark")
    return {
        "counter": meter.create_counter("requests"),
        "gauge": meter.create_up_down_counter("in_progress"),
        "histogram": meter.create_histogram("seconds", explicit_bucket_boundaries_advisory=BUCKETS),
    }


def _aioprometheus() -> dict[str, Any]:
    import aioprometheus

    return {
        "counter": aioprometheus.Counter("requests_total", "Requests."),
        "gauge": aioprometheus.Gauge("in_progress", "In progress."),
        "histogram": aioprometheus.Histogram("seconds", "Seconds.", buckets=BUCKETS),
        "summary": aioprometheus.Summary("bytes", "Bytes."),
    }


def _pytheus() -> dict[str, Any]:
    from pytheus.metrics import Counter, Gauge, Histogram, Summary

    counter = Counter("requests_total", "Requests.", required_labels=["method", "handler", "status"])
    histogram = Histogram("seconds", "Seconds.", required_labels=["method", "handler"], buckets=BUCKETS)
    return {
        "counter": counter,
        "bound_counter": counter.labels(method="GET", handler="/items/{item_id}", status="200"),
        "gauge": Gauge("in_progress", "In progress."),
        "histogram": histogram,
        "bound_histogram": histogram.labels(method="GET", handler="/items/{item_id}"),
        "bound_summary": Summary("bytes", "Bytes.", required_labels=["handler"]).labels(handler="/items/{item_id}"),
    }


SUBJECT = Subject(
    title="Recording, ns per call",
    note="Median of five rounds, each the fastest of thirty times. `ours, locked` is what free-threaded CPython gets, run on "
    "a build with the GIL. OpenTelemetry and aioprometheus have no bound children: their dict of labels stands under names.",
    measure=measure,
    peers=peers(
        "prometheus_client", "ours", "ours, compiled", "ours, locked", "OpenTelemetry SDK", "aioprometheus", "pytheus"
    ),
    aims={
        POSITIONAL: {"ours": 0.15, "ours, compiled": 0.1, "ours, locked": 0.25},
        KEYWORD: {"ours": 0.15, "ours, compiled": 0.1, "ours, locked": 0.25},
        BOUND_INC: {"ours": 0.25},
        BOUND_OBSERVE: {"ours": 0.25},
        LABELS_OBSERVE: {"ours": 0.2},
    },
)

if __name__ == "__main__":
    run(SUBJECT)
