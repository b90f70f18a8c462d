"""The service on tornado."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
from service_under_test import Answer, Asked, Service, ask, parts
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application, HTTPError, RequestHandler

from service_metrics.tornado import instrument


def tornado(service: Service) -> Any:
    class Item(RequestHandler):
        def get(self, item_id: str) -> None:
            service.during()
            self.write(item_id)

        head = get

    class Created(RequestHandler):
        def post(self) -> None:
            self.set_status(201)
            self.write(self.request.body)

    class Broken(RequestHandler):
        def get(self) -> None:
            raise RuntimeError("broken")

    class Gone(RequestHandler):
        def get(self) -> None:
            raise HTTPError(404)

    class Streamed(RequestHandler):
        async def get(self) -> None:
            async for part in parts():
                self.write(part)
                await self.flush()

    async def main(requests: list[Asked]) -> list[Answer]:
        mounted = Application([(r"/mounted/things/(\w+)", Item)])
        app = Application()
        service.instrument(instrument, app, early=True)
        app.wildcard_router.add_rules(
            [
                (r"/items/(\w+)", Item),
                (r"/items", Created),
                (r"/broken", Broken),
                (r"/gone", Gone),
                (r"/streamed", Streamed),
                (r"/mounted/.*", mounted.default_router),
            ]
        )
        service.instrument(instrument, app, early=False)
        server = HTTPServer(app)
        socket, port = bind_unused_port()
        server.add_sockets([socket])
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
                return await ask(client, requests)
        finally:
            server.stop()
            await server.close_all_connections()

    return lambda requests: asyncio.run(main(requests))
