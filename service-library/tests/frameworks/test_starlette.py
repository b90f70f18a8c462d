"""What is only so on Starlette and FastAPI; see also test_fastapi.py and test_middleware.py."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.responses import FileResponse
from starlette.routing import Mount, Route

import service_metrics.aiohttp
import service_metrics.fastapi
import service_metrics.flask
import service_metrics.tornado

pytest_plugins = ["http_services"]


def samples(registry: CollectorRegistry, name: str) -> dict[tuple[str, ...], float]:
    return {
        tuple(sample.labels.values()): sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == name
    }


def test_starlette_is_told_when_it_is_too_late(get: Any) -> None:
    app = Starlette()
    get(app, "/")
    with pytest.raises(RuntimeError, match="after the application's first request"):
        service_metrics.fastapi.instrument(app)


def test_a_mounted_application_that_is_instrumented_too(registry: CollectorRegistry, get: Any) -> None:
    from fastapi import FastAPI

    inner = FastAPI()

    @inner.get("/things/{thing}")
    def thing(thing: str) -> str:
        return thing

    app = Starlette(routes=[Mount("/mounted", inner)])
    service_metrics.fastapi.instrument(inner)
    service_metrics.fastapi.instrument(app)
    get(app, "/mounted/things/7")
    assert samples(registry, "http_requests_total") == {("/mounted/things/{thing}", "GET", "200"): 1}


@pytest.mark.parametrize("extensions", [{}, {"http.response.pathsend": {}}])
def test_starlette_counts_a_file_in_whole(
    registry: CollectorRegistry, tmp_path: Path, extensions: dict[str, Any]
) -> None:
    (tmp_path / "file").write_bytes(b"x" * 100_000)
    app = Starlette(routes=[Route("/file", lambda _: FileResponse(tmp_path / "file"))])
    service_metrics.fastapi.instrument(app)
    kinds = []

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()  # the client stays
        raise AssertionError

    async def send(message: Any) -> None:
        kinds.append(message["type"])

    scope = {"type": "http", "method": "GET", "path": "/file", "headers": [], "extensions": extensions}
    asyncio.run(app(scope, receive, send))
    assert ("http.response.pathsend" in kinds) == bool(extensions)
    assert samples(registry, "http_requests_total") == {("/file", "GET", "200"): 1}
    assert samples(registry, "http_response_size_bytes_sum") == {("/file",): 100_000}
