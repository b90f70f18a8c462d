"""What a scrape costs, in time and in memory.

python service-library/benchmarks/scrape.py [--quick] [--json FILE]
"""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Sequence
from time import perf_counter

from libraries import Library, PrometheusApi, Record, Values, library, populate
from rounds import Measured, Subject, peers, run

SIZES = (1_000, 10_000, 50_000)
TENTH = "10,000 series, a tenth changed"
NONE = "10,000 series, none changed"
OPENMETRICS = "10,000 series, OpenMetrics"
PEAK = "50,000 series, peak memory, bytes per series"

Recorded = Sequence[tuple[Record, Values]]


def measure(peer: str, quick: bool) -> Measured:
    """Return microseconds per series of the fastest scrape in this process, and the peak memory of one scrape."""
    found = {}
    for size in SIZES:
        filled = library(peer)
        records = populate(filled, size // 10 if quick else size)
        repeat = 1 if quick else 2
        found[f"{size:,} series"] = _fastest(filled.scrape, records, records, repeat)
        if size == 10_000 and isinstance(filled, PrometheusApi):
            found[TENTH] = _fastest(filled.scrape, records, records[::10], repeat)
            found[NONE] = _fastest(filled.scrape, records, [], repeat)
            found[OPENMETRICS] = _fastest(filled.scrape_openmetrics, records, records, repeat)
        if size == SIZES[-1]:
            found[PEAK] = _peak(filled) / len(records)
    return found


def _fastest(scrape: Callable[[], bytes], records: Recorded, changed: Recorded, repeat: int) -> float:
    """Return microseconds per series; before each scrape the series of `changed` are recorded on.

    Scrapes `repeat` times, or thirty times where that takes less than half a second.
    """
    page = scrape()  # the first one also makes what the library keeps between two
    if len(page) < 30 * len(records):
        raise RuntimeError(f"A scrape of {len(records)} series has only {len(page)} bytes: {page[:200]!r}.")
    del page
    took: list[float] = []
    while len(took) < repeat or (repeat > 1 and len(took) < 30 and sum(took) < 0.5):
        for record, values in changed:
            record(values)
        gc.collect()  # its time belongs to what was before
        started = perf_counter()
        scrape()
        took.append(perf_counter() - started)
    return min(took) / len(records) * 1e6


def _peak(filled: Library) -> float:
    """Return how many bytes more than before are in use at most during a scrape; the page itself is among them."""
    gc.collect()
    tracemalloc.start()
    filled.scrape()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


SUBJECT = Subject(
    title="Scrape, µs per series",
    note="A series is one combination of label values of a metric: half of them are counters (one line of the page), half "
    "histograms with six buckets and +Inf (nine lines), three labels each, without `_created`. All series have changed since "
    "the scrape before, unless the row says otherwise. Text format 0.0.4, the OpenTelemetry "
    "SDK through its reader for Prometheus. Peak memory is the most that is in use during the scrape beyond what was before, "
    "the page included (tracemalloc).",
    measure=measure,
    peers=peers(
        "prometheus_client",
        "ours",
        "ours, compiled",
        "ours, line cache",
        "OpenTelemetry SDK",
        "aioprometheus",
        "pytheus",
    ),
    aims={
        **{f"{size:,} series": {"ours": 0.1, "ours, line cache": 0.06} for size in SIZES},
        TENTH: {"ours, line cache": 0.015},
        NONE: {"ours, line cache": 0.015},
        PEAK: {"ours": 0.5},
    },
    rounds=3,
)

if __name__ == "__main__":
    run(SUBJECT)
