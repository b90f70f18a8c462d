"""The service on aiohttp."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from service_under_test import Answer, Asked, Service, parts

from service_metrics.aiohttp import instrument


def aiohttp(service: Service) -> Any:
    async def item(request: web.Request) -> web.Response:
        service.during()
        return web.Response(text=request.match_info.get("item_id", "thing"))

    async def created(request: web.Request) -> web.Response:
        return web.Response(body=await request.read(), status=201)

    async def broken(request: web.Request) -> web.Response:
        raise RuntimeError("broken")

    async def gone(request: web.Request) -> web.Response:
        raise web.HTTPNotFound

    async def streamed(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        async for part in parts():
            await response.write(part)
        return response

    async def main(requests: list[Asked]) -> list[Answer]:
        app, mounted = web.Application(), web.Application()
        service.instrument(instrument, app, early=True)
        app.add_routes(
            [
                web.get("/items/{item_id}", item),
                web.post("/items", created),
                web.get("/broken", broken),
                web.get("/gone", gone),
                web.get("/streamed", streamed),
            ]
        )
        mounted.add_routes([web.get("/things/{thing}", item)])
        app.add_subapp("/mounted", mounted)
        service.instrument(instrument, app, early=False)
        answers = []
        async with TestClient(TestServer(app), auto_decompress=False) as client:
            for asked in requests:
                answer = await client.request(asked.method, asked.path, data=asked.body or None, headers=asked.headers)
                headers = {name.lower(): value for name, value in answer.headers.items()}
                answers.append(Answer(answer.status, headers, await answer.read()))
        return answers

    return lambda requests: asyncio.run(main(requests))
