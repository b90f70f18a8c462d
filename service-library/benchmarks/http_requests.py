"""What measuring adds to a FastAPI request.

python service-library/benchmarks/http_requests.py [--quick] [--json FILE]
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from statistics import median
from time import process_time
from typing import Any

from rounds import OTEL, Measured, Peer, Subject, run

REQUESTS = 100
ADDED = "added, µs"
TAKEN = "the whole request, µs"
LOST = "requests not counted"


def ours(app: Any) -> str:
    """Instrument with this library; return the name of its counter."""
    from service_metrics.fastapi import instrument

    instrument(app)
    return "http_requests_total"


def instrumentator(app: Any) -> str:
    """Instrument with prometheus-fastapi-instrumentator, told to count statuses one by one as we do."""
    from prometheus_fastapi_instrumentator import Instrumentator

    Instrumentator(should_group_status_codes=False).instrument(app)
    return "http_requests_total"


def starlette_exporter(app: Any) -> str:
    """Instrument with starlette_exporter."""
    from starlette_exporter import PrometheusMiddleware

    app.add_middleware(PrometheusMiddleware)
    return "starlette_requests_total"


APPLICATIONS: dict[str, Callable[[Any], str]] = {
    "ours": ours,
    "ours, compiled": ours,
    "ours, backend prometheus": ours,
    "prometheus-fastapi-instrumentator": instrumentator,
    "starlette_exporter": starlette_exporter,
}


async def drive(app: Any) -> float:
    """Return the microseconds of CPU that a request takes."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        pass

    template = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": "/items/7", "raw_path": b"/items/7", "query_string": b"", "root_path": "",
        "headers": [
            (b"host", b"items.shop.svc"), (b"user-agent", b"httpx/0.28"), (b"accept", b"application/json"),
            (b"accept-encoding", b"gzip"), (b"connection", b"keep-alive"), (b"x-request-id", b"0a1b2c3d4e5f"),
        ],
        "client": ("10.0.0.1", 51000), "server": ("10.0.0.2", 8080), "state": {},
    }  # fmt: skip
    started = process_time()
    for _ in range(REQUESTS):
        await app(template.copy(), receive, send)
    return (process_time() - started) / REQUESTS * 1e6


def application() -> Any:
    """Return a FastAPI application without any middleware."""
    from fastapi import FastAPI

    app = FastAPI()

    @app.get("/items/{item_id}")
    async def read(item_id: int) -> dict[str, int]:
        return {"item_id": item_id}

    return app


async def compare(bare: Any, app: Any, rounds: int) -> Measured:
    """Measure both in turns, so that what else runs on the machine slows both."""
    pairs = [(await drive(bare), await drive(app)) for _ in range(rounds)]
    return {
        ADDED: median(with_it - without for without, with_it in pairs),
        TAKEN: median(with_it for _, with_it in pairs),
    }


def measure(peer: str, quick: bool) -> Measured:
    """Return what a request takes, what of that is measuring, and how many requests were not counted."""
    app = application()
    counter = APPLICATIONS[peer](app)
    rounds = 3 if quick else 100
    measured = asyncio.run(compare(application(), app, rounds))
    return {**measured, LOST: rounds * REQUESTS - counted(counter)}


def counted(counter: str) -> float:
    """Return the sum over all series of a counter."""
    from prometheus_client import REGISTRY

    return sum(s.value for family in REGISTRY.collect() for s in family.samples if s.name == counter)


SUBJECT = Subject(
    title="A FastAPI request",
    note="Called through ASGI without a server, in turns with the same application without middleware; µs of CPU, median of "
    "five rounds, each the median of a hundred times 100 requests.",
    measure=measure,
    peers={
        "ours": Peer(OTEL),
        "ours, compiled": Peer(OTEL, "compiled"),
        "ours, backend prometheus": Peer(),
        "prometheus-fastapi-instrumentator": Peer(),
        "starlette_exporter": Peer(),
    },
    baseline="prometheus-fastapi-instrumentator",
    aims={
        ADDED: {"ours": 5.0, "ours, compiled": 5.0},
        LOST: dict.fromkeys(["ours", "ours, compiled", "ours, backend prometheus"], 0.0),
    },
    aims_are_ratios=False,
)

if __name__ == "__main__":
    run(SUBJECT)
