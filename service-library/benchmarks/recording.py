"""Print what recording costs on both backends, and the ratio; the smaller, the better for `otel`.

    python service-library/benchmarks/recording.py

Each backend runs in a process of its own; each number is the minimum of five rounds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import timeit

CALLS = {
    "labels(a, b, c).inc()": "counter.labels('GET', '/items/{item_id}', '200').inc()",
    "labels(a=, b=, c=).inc()": "counter.labels(method='GET', handler='/items/{item_id}', status='200').inc()",
    "child.inc()": "counter_child.inc()",
    "plain.inc()": "plain.inc()",
    "gauge.inc(); gauge.dec()": "gauge.inc(); gauge.dec()",
    "child.observe(0.25)": "histogram_child.observe(0.25)",
    "labels(a, b).observe(0.25)": "histogram.labels('GET', '/items/{item_id}').observe(0.25)",
    "summary.observe(512)": "summary_child.observe(512)",
}
ROUNDS = 5
NUMBER = 100_000


def measure() -> dict[str, float]:
    """Return nanoseconds per call on the backend of this process."""
    from service_metrics import CollectorRegistry, Counter, Gauge, Histogram, Summary

    registry = CollectorRegistry()
    counter = Counter("requests_total", "Requests.", ["method", "handler", "status"], registry=registry)
    histogram = Histogram("seconds", "Seconds.", ["method", "handler"], registry=registry)
    summary = Summary("bytes", "Bytes.", ["handler"], registry=registry)
    names = {
        "counter": counter,
        "counter_child": counter.labels("GET", "/items/{item_id}", "200"),
        "plain": Counter("plain_total", "Plain.", registry=registry),
        "gauge": Gauge("in_progress", "In progress.", registry=registry),
        "histogram": histogram,
        "histogram_child": histogram.labels("GET", "/items/{item_id}"),
        "summary_child": summary.labels("/items/{item_id}"),
    }
    return {
        label: min(timeit.repeat(call, globals=names, repeat=ROUNDS, number=NUMBER)) / NUMBER * 1e9
        for label, call in CALLS.items()
    }


def measure_in_process(backend: str) -> dict[str, float]:
    """Return the measurements of another process on `backend`."""
    environ = {**os.environ, "PROMETHEUS_BACKEND": backend}
    done = subprocess.run([sys.executable, __file__, "--measure"], env=environ, check=True, capture_output=True)
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def main() -> None:
    if "--measure" in sys.argv:
        print(json.dumps(measure()))
        return
    prometheus, otel = measure_in_process("prometheus"), measure_in_process("otel")
    print(f"{'call':30} {'prometheus ns':>14} {'otel ns':>9} {'ratio':>7}")
    for label in CALLS:
        print(f"{label:30} {prometheus[label]:14.0f} {otel[label]:9.0f} {otel[label] / prometheus[label]:6.2f}x")


if __name__ == "__main__":
    main()
