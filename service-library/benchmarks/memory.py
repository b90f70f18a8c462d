"""How many bytes a series costs, once it was scraped.

python service-library/benchmarks/memory.py [--quick] [--json FILE]
"""

from __future__ import annotations

import gc
import tracemalloc

from libraries import FIFTEEN_BUCKETS, SIX_BUCKETS, library, series
from rounds import Measured, Subject, peers, run

COUNTER = "a counter"
SIX = "a histogram, 6 buckets and +Inf"
FIFTEEN = "a histogram, 15 buckets and +Inf"


def measure(peer: str, quick: bool) -> Measured:
    """Return bytes per series: what Python's allocators hold more after 5 families of 1,000 series and one scrape."""
    families = 1 if quick else 5
    combinations = series(1_000)
    found = {}
    for row, buckets in ((COUNTER, ()), (SIX, SIX_BUCKETS), (FIFTEEN, FIFTEEN_BUCKETS)):
        _fill(peer, buckets, 1, combinations[:1])  # what a library makes once, when it is first used
        gc.collect()
        tracemalloc.start()
        kept = _fill(peer, buckets, families, combinations)
        gc.collect()
        found[row] = tracemalloc.get_traced_memory()[0] / (families * len(combinations))
        tracemalloc.stop()
        del kept
    return found


def _fill(peer: str, buckets: tuple[float, ...], families: int, combinations: list[tuple[str, str, str]]) -> object:
    filled = library(peer)
    for number in range(families):
        name = f"family_{number}_total"
        record = filled.histogram(name, buckets) if buckets else filled.counter(name)
        for values in combinations:
            record(values)
    filled.scrape()
    return filled


SUBJECT = Subject(
    title="Memory, bytes per series",
    note="What Python's allocators hold more (tracemalloc) after 5 families of 1,000 series and a scrape whose page is gone; "
    "label values are shared between series, as routes and methods are, and not counted.",
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
        COUNTER: {"ours": 0.5, "ours, line cache": 1},
        SIX: {"ours": 0.35, "ours, line cache": 1},
        FIFTEEN: {"ours": 0.3, "ours, line cache": 1},
    },
    rounds=1,  # the same every time
)

if __name__ == "__main__":
    run(SUBJECT)
