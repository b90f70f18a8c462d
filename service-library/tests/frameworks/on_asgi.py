"""The service on Starlette and on FastAPI."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
from fastapi import APIRouter, FastAPI, HTTPException
from service_under_test import Answer, Asked, Service, ask, parts
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route

from service_metrics.fastapi import instrument


def asgi_client(app: Any) -> Callable[[list[Asked]], list[Answer]]:
    async def main(requests: list[Asked]) -> list[Answer]:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await ask(client, requests)

    return lambda requests: asyncio.run(main(requests))


def starlette(service: Service) -> Any:
    async def item(request: Request) -> Response:
        service.during()
        return PlainTextResponse(request.path_params.get("item_id", "thing"))

    async def created(request: Request) -> Response:
        return PlainTextResponse(await request.body(), status_code=201)

    async def broken(request: Request) -> Response:
        raise RuntimeError("broken")

    async def gone(request: Request) -> Response:
        raise HTTPException(404)

    async def streamed(request: Request) -> Response:
        return StreamingResponse(parts())

    app = Starlette()
    service.instrument(instrument, app, early=True)
    app.router.routes += [
        Route("/items/{item_id}", item),
        Route("/items", created, methods=["POST"]),
        Route("/broken", broken),
        Route("/gone", gone),
        Route("/streamed", streamed),
        Mount("/mounted", routes=[Route("/things/{thing}", item)]),
    ]
    service.instrument(instrument, app, early=False)
    return asgi_client(app)


def fastapi(service: Service) -> Any:
    app, router = FastAPI(), APIRouter()
    service.instrument(instrument, app, early=True)

    @app.get("/items/{item_id}", response_class=PlainTextResponse)
    @app.head("/items/{item_id}", response_class=PlainTextResponse)
    async def item(item_id: str) -> str:
        service.during()
        return item_id

    @app.post("/items", status_code=201, response_class=PlainTextResponse)
    async def created(request: Request) -> str:
        return (await request.body()).decode()

    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("broken")

    @app.get("/gone")
    def gone() -> None:
        raise HTTPException(404)

    @app.get("/streamed")
    def streamed() -> StreamingResponse:
        return StreamingResponse(parts())

    @router.get("/things/{thing}")
    def thing(thing: str) -> str:
        return thing

    app.include_router(router, prefix="/mounted")
    service.instrument(instrument, app, early=False)
    return asgi_client(app)
