"""One line a request, with the status as an integer; probes and scrapes only when they fail."""

from __future__ import annotations

import asyncio
import logging

import httpx
import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from reference_service.access_log import AccessLogMiddleware


async def answer(request: Request) -> PlainTextResponse:
    status = int(request.path_params.get("status", 200))
    if status == 599:
        raise RuntimeError("the application broke")
    return PlainTextResponse("answer", status)


def send_request(method: str, path: str) -> None:
    app = FastAPI()
    app.get("/status/{status}")(answer)
    app.get("/health/live")(answer)
    app.get("/page")(broken)
    quiet = frozenset({"/health/live", "/page"})
    transport = httpx.ASGITransport(AccessLogMiddleware(app, quiet=quiet), raise_app_exceptions=False)

    async def exchange() -> None:
        async with httpx.AsyncClient(transport=transport, base_url="http://pod") as client:
            await client.request(method, path)

    asyncio.run(exchange())


async def broken(request: Request) -> PlainTextResponse:
    return PlainTextResponse("broken", 503)


def logged(caplog: pytest.LogCaptureFixture) -> list[tuple[str, int, str, str, str]]:
    return [
        (record.levelname, vars(record)["status"], vars(record)["method"], vars(record)["handler"], record.getMessage())
        for record in caplog.records
        if record.name == "reference_service.access_log"
    ]


def test_a_request_is_one_line_with_its_route(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    send_request("GET", "/status/201")
    assert logged(caplog) == [("INFO", 201, "GET", "/status/{status}", "request")]
    assert all(type(line[1]) is int for line in logged(caplog))


def test_an_exception_is_status_500(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    send_request("GET", "/status/599")
    assert [line[:3] for line in logged(caplog)] == [("ERROR", 500, "GET")]


def test_without_a_route_the_path_is_named(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    send_request("POST", "/nowhere")
    assert logged(caplog) == [("INFO", 404, "POST", "/nowhere", "request")]


def test_a_quiet_path_is_logged_only_when_it_fails(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    send_request("GET", "/health/live")
    assert logged(caplog) == []
    send_request("GET", "/page")
    assert [line[:2] for line in logged(caplog)] == [("ERROR", 503)]


def test_other_protocols_pass_through(caplog: pytest.LogCaptureFixture) -> None:
    seen = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append((scope, receive, send))

    async def receive() -> Message:
        return {"type": "lifespan.startup"}

    async def send(message: Message) -> None:
        return None

    caplog.set_level(logging.INFO)
    scope: Scope = {"type": "lifespan"}
    asyncio.run(AccessLogMiddleware(app)(scope, receive, send))
    assert seen == [(scope, receive, send)]
    assert logged(caplog) == []
