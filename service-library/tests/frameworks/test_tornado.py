"""What is only so on tornado."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler, stream_request_body
from tornado.websocket import WebSocketHandler

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


class TestTornado:
    @pytest.fixture
    def talk(self) -> Any:
        """Sends bytes to an application, reads until something has come or the connection is closed, and closes it."""

        async def main(app: Application, sent: bytes, handled: asyncio.Event) -> bytes:
            server = HTTPServer(app)
            listener, port = bind_unused_port()
            server.add_sockets([listener])
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(sent)
            got = await reader.read(4) if not sent.endswith(b"half") else b""
            writer.close()
            await handled.wait()
            server.stop()
            await server.close_all_connections()
            return got

        return main

    def test_a_client_that_leaves_a_stream(self, registry: CollectorRegistry, talk: Any) -> None:
        async def main() -> None:
            handled = asyncio.Event()

            class Endless(RequestHandler):
                async def get(self) -> None:
                    while True:
                        self.write(b"part" * 1000)
                        await self.flush()

                def on_finish(self) -> None:
                    handled.set()

                def log_exception(self, *_: Any) -> None:
                    pass

            app = Application([(r"/endless", Endless)])
            service_metrics.tornado.instrument(app)
            assert await talk(app, b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n", handled) == b"HTTP"

        asyncio.run(main())
        assert samples(registry, "http_requests_total") == {("/endless", "GET", "200"): 1}
        assert samples(registry, "http_requests_in_progress") == {(): 0}

    def test_a_client_that_leaves_in_its_request(self, registry: CollectorRegistry, talk: Any) -> None:
        async def main() -> None:
            handled = asyncio.Event()

            @stream_request_body
            class Upload(RequestHandler):
                async def post(self) -> None:
                    raise AssertionError

                def data_received(self, chunk: bytes) -> None:
                    pass

                def on_connection_close(self) -> None:
                    handled.set()

            app = Application([(r"/upload", Upload)])
            service_metrics.tornado.instrument(app)
            await talk(app, b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf", handled)

        asyncio.run(main())
        assert samples(registry, "http_requests_total") == {("/upload", "POST", "499"): 1}
        assert samples(registry, "http_requests_in_progress") == {(): 0}

    def test_websockets_are_left_alone(self, registry: CollectorRegistry) -> None:
        from tornado.websocket import websocket_connect

        class Chat(WebSocketHandler):
            def open(self) -> None:
                self.write_message(str(samples(registry, "http_requests_in_progress")))

        async def main() -> str:
            app = Application([(r"/chat", Chat)])
            service_metrics.tornado.instrument(app)
            server = HTTPServer(app)
            listener, port = bind_unused_port()
            server.add_sockets([listener])
            connection = await websocket_connect(f"ws://127.0.0.1:{port}/chat")
            said = await connection.read_message()
            connection.close()
            server.stop()
            await server.close_all_connections()
            return str(said)

        assert asyncio.run(main()) == "{(): 0.0}"
        assert samples(registry, "http_requests_total") == {}
