"""How late an event loop is while its process is scraped, or pushes.

python service-library/benchmarks/event_loop.py [--quick] [--json FILE]
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from statistics import quantiles
from time import perf_counter, process_time
from typing import IO, Any

from libraries import Library, OpenTelemetrySdk, library, populate
from other_side import SECONDS
from rounds import Measured, Subject, peers, run

SERIES = 10_000
TICK = 0.001
ALONE, SCRAPED, PUSHING = "alone", "scraped", "pushing"


def measure(peer: str, quick: bool) -> Measured:
    """Return how late the loop's ticks are, in milliseconds, and what the process costs, in each phase."""
    seconds, size = (1.2, SERIES // 10) if quick else (6.0, SERIES)
    from prometheus_client import REGISTRY

    filled = library(peer, REGISTRY)
    populate(filled, size)
    return asyncio.run(_phases(peer, filled, seconds, size))


async def _phases(peer: str, filled: Library, seconds: float, size: int) -> Measured:
    found = await _lateness(ALONE, seconds)
    async with _served(_page(peer, filled)) as url:
        with _other_side("scrape", url):
            found |= await _lateness(SCRAPED, seconds)
    if peer != "prometheus_client":
        with _other_side("sink") as said, _pushing(peer, f"http://127.0.0.1:{int(said.readline())}", size):
            found |= await _lateness(PUSHING, seconds)
    return found


async def _lateness(phase: str, seconds: float) -> Measured:
    """Return how many milliseconds after they were due the loop got to its ticks, one every millisecond.

    All ticks that were due while the loop was held up count, each with its own delay; else a long hold-up would be one
    late tick among hundreds.
    """
    late: list[float] = []
    cpu = process_time()
    due = perf_counter()
    end = due + seconds
    while due < end:
        due += TICK
        await asyncio.sleep(due - perf_counter())
        now = perf_counter()
        while True:
            late.append((now - due) * 1000)
            if due + TICK > now:
                break
            due += TICK
    percentiles = quantiles(late, n=100)
    return {
        f"{phase}: p50": percentiles[49],
        f"{phase}: p99": percentiles[98],
        f"{phase}: max": max(late),
        f"{phase}: CPU, ms per second": (process_time() - cpu) / seconds * 1000,
    }


def _page(peer: str, filled: Library) -> Any:
    """Return the page as an ASGI application, as the library has it."""
    if peer.startswith("ours"):
        from service_metrics.asgi import metrics_app

        return metrics_app()
    from prometheus_client import REGISTRY, make_asgi_app

    return make_asgi_app(filled.registry if isinstance(filled, OpenTelemetrySdk) else REGISTRY)


@asynccontextmanager
async def _served(app: Any) -> AsyncIterator[str]:
    """Serve `app` under uvicorn on this event loop; gives the page's URL."""
    import uvicorn

    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
        serving = asyncio.create_task(server.serve([listening]))
        while not server.started:  # its start imports much
            await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/metrics"
        server.should_exit = True
        await serving


@contextmanager
def _other_side(*command: str) -> Iterator[IO[str]]:
    """Start other_side.py; gives what it prints. It must have seen more than one answer when it ends.

    Raises:
        RuntimeError: it has not, or an answer was too small to be all series.
    """
    script = str(Path(__file__).with_name("other_side.py"))
    process = subprocess.Popen(
        [sys.executable, script, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("Popen was asked for pipes and made none.")
    yield process.stdout
    process.stdin.close()
    sizes = [int(line) for line in process.stdout]
    process.wait()
    if not sizes or min(sizes) < 1_000:
        raise RuntimeError(f"`other_side.py {command[0]}` saw the bytes {sizes}: not every second's series came.")


@contextmanager
def _pushing(peer: str, endpoint: str, size: int) -> Iterator[None]:
    """Push to `endpoint` every second, as the library does it."""
    os.environ.update(OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, METRICS_PUSH_INTERVAL=str(SECONDS))
    if peer.startswith("ours"):
        from service_metrics import publish

        with publish():
            yield
        return
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

    pushed = OpenTelemetrySdk(PeriodicExportingMetricReader(OTLPMetricExporter(), SECONDS * 1000))
    populate(pushed, size)
    yield
    pushed.provider.shutdown()


BEYOND = "p99 beyond alone"


def with_difference(medians: dict[str, Measured]) -> dict[str, Measured]:
    """Add by how much the loop's 99th percentile is later than alone."""
    for found in medians.values():
        for phase in (SCRAPED, PUSHING):
            if f"{phase}: p99" in found:
                found[f"{phase}: {BEYOND}"] = found[f"{phase}: p99"] - found[f"{ALONE}: p99"]
    return medians


SUBJECT = Subject(
    title="An event loop's lateness, ms",
    note=f"One tick is due every millisecond; `scraped`: a page of {SERIES:,} series (as under Scrape) every second in gzip, by "
    "uvicorn on the same loop; `pushing`: the same series over OTLP to another process every second. Each tick that is due "
    "counts, also those that a hold-up swallowed.",
    measure=measure,
    peers=peers("prometheus_client", "ours", "ours, compiled", "OpenTelemetry SDK"),
    aims={f"{phase}: {BEYOND}": {"ours": 2.0, "ours, compiled": 2.0} for phase in (SCRAPED, PUSHING)},
    aims_are_ratios=False,
    rounds=3,
    derive=with_difference,
)

if __name__ == "__main__":
    run(SUBJECT)
