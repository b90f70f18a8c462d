"""What is only so on aiohttp."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

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


class TestAiohttp:
    def answer(self, app: web.Application, *paths: str, close_after: int | None = None) -> list[bytes]:
        async def main() -> list[bytes]:
            answers = []
            async with TestClient(TestServer(app)) as client:
                for path in paths:
                    async with client.get(path) as answer:
                        answers.append(
                            await (answer.read() if close_after is None else answer.content.read(close_after))
                        )
                        if close_after is not None:
                            answer.close()
            return answers

        return asyncio.run(main())

    def test_a_file_counts_when_it_is_sent(self, registry: CollectorRegistry) -> None:
        async def file(request: web.Request) -> web.FileResponse:
            return web.FileResponse(__file__)

        app = web.Application()
        app.router.add_get("/file", file)
        service_metrics.aiohttp.instrument(app)
        [content] = self.answer(app, "/file")
        assert samples(registry, "http_requests_total") == {("/file", "GET", "200"): 1}
        assert samples(registry, "http_response_size_bytes_sum") == {("/file",): float(len(content))}

    def test_a_client_that_leaves_a_stream(self, registry: CollectorRegistry) -> None:
        async def endless(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            while True:
                await response.write(b"part" * 1000)

        app = web.Application()
        app.router.add_get("/endless", endless)
        service_metrics.aiohttp.instrument(app)
        self.answer(app, "/endless", close_after=4)
        assert samples(registry, "http_requests_total") == {("/endless", "GET", "200"): 1}
        assert samples(registry, "http_requests_in_progress") == {(): 0}

    def test_websockets_are_left_alone(self, registry: CollectorRegistry) -> None:
        async def chat(request: web.Request) -> web.WebSocketResponse:
            response = web.WebSocketResponse()
            await response.prepare(request)
            await response.send_str(str(samples(registry, "http_requests_in_progress")))
            await response.close()
            return response

        async def main() -> str:
            app = web.Application()
            app.router.add_get("/chat", chat)
            service_metrics.aiohttp.instrument(app)
            async with TestClient(TestServer(app)) as client, client.ws_connect("/chat") as connection:
                return str(await connection.receive_str())

        assert asyncio.run(main()) == "{(): 0.0}"
        assert samples(registry, "http_requests_total") == {}

    @pytest.mark.usefixtures("registry")
    def test_the_worker_is_visible_while_the_application_runs(self, meeting_place: Path) -> None:
        sockets: list[int] = []

        async def count(request: web.Request) -> web.Response:
            sockets.append(len(list(meeting_place.rglob("*.sock"))))
            return web.Response()

        app = web.Application()
        app.router.add_get("/count", count)
        service_metrics.aiohttp.instrument(app)
        self.answer(app, "/count")
        assert sockets == [1]
        assert list(meeting_place.rglob("*.sock")) == []
