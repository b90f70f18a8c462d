"""The http-api role: a FastAPI application as a team would write it, instrumented in the documented way."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Annotated

from fastapi import FastAPI, HTTPException, Query, Request

from reference_service.access_log import AccessLogMiddleware
from reference_service.leak import start_leak
from reference_service.misbehave import EveryFifth, Switch, parse_switches
from reference_service.regression import Regression
from reference_service.settings import leak_bytes, worker_count
from service_metrics import Counter
from service_metrics.fastapi import instrument

READY = "/health/ready"
LIVE = "/health/live"


class ServedItems:
    """The service's own metric, items_served_total{kind}; the switches leave it out or give it a label too many."""

    def __init__(self, switches: frozenset[Switch]) -> None:
        self._per_user = Switch.BAD_LABEL in switches
        labels = ("kind", "user_id") if self._per_user else ("kind",)
        self._counter = None
        if Switch.FORGET_METRIC not in switches:
            self._counter = Counter("items_served_total", "Items this service has read or written.", labels)

    def add(self, kind: str, user_id: str) -> None:
        """Count one item; `kind` is "read" or "written"."""
        if self._counter is not None:
            self._counter.labels(kind, *((user_id,) if self._per_user else ())).inc()


def create_app() -> FastAPI:
    """Return the application; gunicorn calls this once in each worker, after the fork."""
    switches = parse_switches(os.environ.get("REFERENCE_MISBEHAVE", ""))
    app = FastAPI(title="reference-service", lifespan=_lifespan(switches))
    _add_routes(app, switches)
    instrument(app)
    quiet = frozenset({READY, LIVE, os.environ.get("METRICS_PATH") or "/metrics"})
    app.add_middleware(AccessLogMiddleware, quiet=quiet)
    return app


def _lifespan(switches: frozenset[Switch]) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if Switch.LEAK in switches:
            start_leak(leak_bytes(os.environ), worker_count(os.environ))
        yield

    return lifespan


def _add_routes(app: FastAPI, switches: frozenset[Switch]) -> None:
    served = ServedItems(switches)
    failures = EveryFifth(switches)
    regression = Regression(switches)

    def fail_when_due() -> None:
        if failures.must_fail():
            raise HTTPException(500, "Every fifth item fails because REFERENCE_MISBEHAVE=errors.")

    @app.get("/items/{item_id}")
    async def read_item(item_id: str) -> dict[str, str]:
        await regression.add()
        fail_when_due()
        served.add("read", user_id=f"user-{len(item_id)}")
        return {"item_id": item_id}

    @app.post("/items")
    async def write_item(request: Request) -> dict[str, int]:
        body = await request.body()
        await regression.add()
        fail_when_due()
        served.add("written", user_id=f"user-{len(body)}")
        return {"length": len(body)}

    @app.get("/hold")
    async def hold(seconds: Annotated[float, Query(ge=0, le=60)] = 1.0) -> dict[str, float]:
        """Keep a request in flight for `seconds`."""
        await asyncio.sleep(seconds)
        return {"seconds": seconds}

    @app.get(LIVE)
    async def live() -> dict[str, str]:
        return {"status": "live"}

    @app.get(READY)
    async def ready() -> dict[str, str]:
        return {"status": "ready"}
