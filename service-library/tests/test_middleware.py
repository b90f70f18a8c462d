"""The ASGI middleware and the page, on bare ASGI and on Starlette."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import AsyncIterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route, Router
from starlette.staticfiles import StaticFiles

from service_metrics.asgi import MetricsMiddleware, metrics_app
from service_metrics.settings import Settings


@pytest.fixture
def registry(backend: SimpleNamespace) -> CollectorRegistry:
    return CollectorRegistry()


def send(app: Any, *requests: tuple[str, str] | tuple[str, str, dict[str, Any]]) -> list[httpx.Response]:
    """Send requests one after the other and return the responses."""

    async def main() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return [
                await client.request(method, path, **(options[0] if options else {}))
                for method, path, *options in requests
            ]

    return asyncio.run(main())


def samples(registry: CollectorRegistry, name: str) -> dict[tuple[str, ...], float]:
    return {
        tuple(sample.labels.values()): sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == name
    }


async def item(request: Request) -> Response:
    return PlainTextResponse(request.path_params["item_id"] * 3)


async def created(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())), status_code=201)


async def broken(request: Request) -> Response:
    raise RuntimeError("broken")


async def streamed(request: Request) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        for part in (b"one", b"three", b""):
            yield part

    return StreamingResponse(parts())


def instrumented(registry: CollectorRegistry, routes: list[Any], **settings: Any) -> MetricsMiddleware:
    return MetricsMiddleware(Starlette(routes=routes), settings=Settings(**settings), registry=registry)


ROUTES = [
    Route("/items/{item_id}", item),
    Route("/items", created, methods=["POST"]),
    Route("/broken", broken),
    Route("/streamed", streamed),
    Route("/health/{item_id}", item),
]


def test_http_metrics(registry: CollectorRegistry) -> None:
    app = instrumented(registry, ROUTES)
    answers = send(
        app,
        ("GET", "/items/ab"),
        ("GET", "/items/cdef"),
        ("POST", "/items", {"content": b"x" * 100}),
        ("POST", "/items/7"),
        ("GET", "/nowhere/at/all"),
        ("GET", "/streamed"),
    )
    assert [answer.status_code for answer in answers] == [200, 200, 201, 405, 404, 200]
    assert samples(registry, "http_requests_total") == {
        ("/items/{item_id}", "GET", "200"): 2,
        ("/items", "POST", "201"): 1,
        ("/items/{item_id}", "POST", "405"): 1,
        ("/streamed", "GET", "200"): 1,
    }
    assert samples(registry, "http_request_size_bytes_sum")["/items",] == 100
    sizes = samples(registry, "http_response_size_bytes_sum")
    assert (sizes["/items/{item_id}",], sizes["/streamed",]) == (6 + 12 + len(answers[3].content), 8)
    assert samples(registry, "http_request_duration_seconds_count")["/items/{item_id}", "GET"] == 2
    buckets = samples(registry, "http_request_duration_seconds_bucket")
    assert {bound for *_, bound in buckets} == {"0.05", "0.1", "0.3", "1.0", "3.0", "5.0", "+Inf"}
    assert samples(registry, "http_requests_in_progress") == {(): 0}


def test_the_duration_ends_with_the_last_byte(registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=50.0)
    monkeypatch.setattr("service_metrics.asgi.perf_counter", lambda: clock.now)

    async def slow(request: Request) -> Response:
        clock.now += 2

        def afterwards() -> None:
            clock.now += 1000

        return PlainTextResponse("done", background=BackgroundTask(afterwards))

    send(instrumented(registry, [Route("/slow", slow)]), ("GET", "/slow"))
    assert samples(registry, "http_request_duration_seconds_sum") == {("/slow", "GET"): 2.0}


def test_a_request_counts_before_its_client_has_the_answer(registry: CollectorRegistry) -> None:
    seen: list[Any] = []

    async def answer(message: Any) -> None:
        if message["type"] == "http.response.body" and not message.get("more_body"):
            seen.append(samples(registry, "http_requests_total"))
            seen.append(samples(registry, "http_requests_in_progress"))

    scope = {"type": "http", "method": "GET", "path": "/items/a", "headers": [], "query_string": b"", "root_path": ""}
    asyncio.run(instrumented(registry, ROUTES)(scope, _no_body, answer))
    assert seen == [{("/items/{item_id}", "GET", "200"): 1}, {(): 0}]


async def _no_body() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


def test_exceptions_count_as_500_and_go_on(registry: CollectorRegistry) -> None:
    async def raising(scope: Any, receive: Any, send: Any) -> None:
        scope["route"] = Route("/raising/{x}", item)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise KeyError("lost")

    app = MetricsMiddleware(raising, settings=Settings(), registry=registry)
    scope = {"type": "http", "method": "GET", "path": "/raising/1", "headers": []}

    async def ignore(message: Any) -> None:
        pass

    with pytest.raises(KeyError, match="lost"):
        asyncio.run(app(scope, _no_body, ignore))
    assert samples(registry, "http_requests_total") == {("/raising/{x}", "GET", "500"): 1}
    assert samples(registry, "http_requests_in_progress") == {(): 0}
    assert samples(registry, "http_request_duration_seconds_count") == {("/raising/{x}", "GET"): 1}


def test_a_handler_that_raises(registry: CollectorRegistry) -> None:
    app = Starlette(routes=ROUTES)
    app.add_middleware(MetricsMiddleware, settings=Settings(), registry=registry)
    assert send(app, ("GET", "/broken"))[0].status_code == 500
    assert samples(registry, "http_requests_total") == {("/broken", "GET", "500"): 1}


def test_cancelled_requests_leave_nothing_in_progress(registry: CollectorRegistry) -> None:
    async def main() -> None:
        entered = asyncio.Event()

        async def hanging(scope: Any, receive: Any, send: Any) -> None:
            scope["route"] = Route("/hanging", item)
            entered.set()
            await asyncio.Event().wait()

        app = MetricsMiddleware(hanging, settings=Settings(), registry=registry)
        scope = {"type": "http", "method": "GET", "path": "/hanging", "headers": []}
        task = asyncio.ensure_future(app(scope, _no_body, _no_body))  # type: ignore[arg-type]  # never sends
        await entered.wait()
        assert samples(registry, "http_requests_in_progress") == {(): 1}
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert samples(registry, "http_requests_in_progress") == {(): 0}
    assert samples(registry, "http_requests_total") == {("/hanging", "GET", "500"): 1}


def test_a_client_that_leaves_before_the_response(registry: CollectorRegistry) -> None:
    async def upload(request: Request) -> Response:
        return PlainTextResponse(await request.body())

    async def leave() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    scope = {"type": "http", "method": "POST", "path": "/upload", "headers": [], "query_string": b""}
    with pytest.raises(ClientDisconnect):
        asyncio.run(instrumented(registry, [Route("/upload", upload, methods=["POST"])])(scope, leave, _ignore))
    assert samples(registry, "http_requests_total") == {("/upload", "POST", "499"): 1}
    assert samples(registry, "http_requests_in_progress") == {(): 0}


@pytest.mark.parametrize("spec_version", ["2.3", "2.4"])
def test_a_client_that_leaves_a_stream(registry: CollectorRegistry, spec_version: str) -> None:
    left = asyncio.Event()

    async def endless(request: Request) -> Response:
        async def parts() -> AsyncIterator[bytes]:
            while True:
                yield b"part"
                await asyncio.sleep(0)

        return StreamingResponse(parts())

    async def leave() -> dict[str, Any]:
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message.get("body"):
            left.set()
            if spec_version == "2.4":
                raise OSError

    async def main() -> None:
        app = instrumented(registry, [Route("/endless", endless)])
        scope = {
            "type": "http", "method": "GET", "path": "/endless", "headers": [], "query_string": b"",
            "asgi": {"spec_version": spec_version},
        }  # fmt: skip
        with suppress(ClientDisconnect):
            await app(scope, leave, send)

    asyncio.run(main())
    assert samples(registry, "http_requests_total") == {("/endless", "GET", "200"): 1}
    assert samples(registry, "http_requests_in_progress") == {(): 0}


async def _ignore(message: Any) -> None:
    pass


def test_two_middlewares_around_each_other_count_once(registry: CollectorRegistry) -> None:
    app = MetricsMiddleware(instrumented(registry, ROUTES), settings=Settings(), registry=registry)
    send(app, ("GET", "/items/a"), ("GET", "/items/b"))
    assert samples(registry, "http_requests_total") == {("/items/{item_id}", "GET", "200"): 2}


def test_routes_made_all_the_time_do_not_fill_the_memory(
    registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service_metrics.asgi._MOST_RECORDS", 3)

    async def routed_anew(scope: Any, receive: Any, send: Any) -> None:
        scope["route"] = Route("/items/{item_id}", item)
        await PlainTextResponse("")(scope, receive, send)

    app = MetricsMiddleware(routed_anew, settings=Settings(), registry=registry)
    send(app, *[("GET", "/items/a")] * 10)
    assert samples(registry, "http_requests_total") == {("/items/{item_id}", "GET", "200"): 10}
    assert len(app._records.by_route) <= 3


def test_routes_below_a_mount_without_a_path(registry: CollectorRegistry) -> None:
    inner = FastAPI()
    app = instrumented(registry, [Mount("", inner)])
    send(app, ("GET", "/docs"), ("GET", "/redoc"), ("GET", "/docs"), ("GET", "/nowhere"))
    assert samples(registry, "http_requests_total") == {("/docs", "GET", "200"): 2, ("/redoc", "GET", "200"): 1}


def test_many_requests_in_flight(registry: CollectorRegistry) -> None:
    async def main() -> None:
        release = asyncio.Event()
        count = 0

        async def hold(request: Request) -> Response:
            nonlocal count
            count += 1
            await release.wait()
            return PlainTextResponse("released")

        app = instrumented(registry, [Route("/hold", hold)])
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test") as client:
            requests = [asyncio.create_task(client.get("/hold")) for _ in range(128)]
            while count < 128:
                await asyncio.sleep(0)
            assert samples(registry, "http_requests_in_progress") == {(): 128}
            release.set()
            await asyncio.gather(*requests)

    asyncio.run(main())
    assert samples(registry, "http_requests_in_progress") == {(): 0}
    assert samples(registry, "http_requests_total") == {("/hold", "GET", "200"): 128}


def test_excluded_handlers_are_not_measured(registry: CollectorRegistry) -> None:
    in_progress: list[float] = []

    async def observed(request: Request) -> Response:
        in_progress.append(samples(registry, "http_requests_in_progress")[()])
        return PlainTextResponse("")

    routes = [
        Route("/metrics", observed),
        Route("/health/{probe}", observed),
        Route("/items/{item_id}", observed),
        Route("/v1/health/live", observed),
    ]
    app = instrumented(registry, routes, excluded_handlers=re.compile("(?:/health/.*)|(?:/items/3)"))
    send(app, ("GET", "/metrics"), ("GET", "/health/live"), ("GET", "/items/3"), ("GET", "/v1/health/live"))
    # by template: the expression for one item does not hide the route of all
    assert samples(registry, "http_requests_total") == {
        ("/items/{item_id}", "GET", "200"): 1,
        ("/v1/health/live", "GET", "200"): 1,
    }
    # by path, as nothing is routed when the request comes in
    assert in_progress == [0, 0, 0, 1]


@pytest.mark.parametrize(("header", "size"), [(b"12", 12), (b"", 0), (b"-1", 0), (b"many", 0), ("\u0663".encode(), 0)])
def test_request_size_is_the_content_length(registry: CollectorRegistry, header: bytes, size: int) -> None:
    scope = {
        "type": "http", "method": "GET", "path": "/items/a", "root_path": "", "query_string": b"",
        "headers": [(b"host", b"x"), (b"content-length", header)],
    }  # fmt: skip

    async def ignore(message: Any) -> None:
        pass

    asyncio.run(instrumented(registry, ROUTES)(scope, _no_body, ignore))
    assert samples(registry, "http_request_size_bytes_sum") == {("/items/{item_id}",): size}


def test_made_up_methods_are_one_series(registry: CollectorRegistry) -> None:
    app = instrumented(registry, ROUTES)
    send(app, *[(f"MADE-UP-{number}", "/items/a") for number in range(5)])
    assert samples(registry, "http_requests_total") == {("/items/{item_id}", "OTHER", "405"): 5}


def test_mounts_count_under_their_whole_template(registry: CollectorRegistry) -> None:
    async def raw(scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse("raw")(scope, receive, send)

    inner = Starlette(routes=[Route("/users/{user}", item_of_user), Mount("/deep/{level:int}", routes=ROUTES)])
    routes = [
        Mount("/tenants/{tenant}", inner),
        Mount("/sub", Router([Route("/", item_of_user)])),
        Mount("/raw", raw),
        Mount("/static", StaticFiles(directory=".")),
    ]
    app = instrumented(registry, routes)
    answers = send(
        app,
        ("GET", "/tenants/one/users/ann"),
        ("GET", "/tenants/two/users/bob"),
        ("GET", "/tenants/two/deep/3/items/a"),
        ("GET", "/tenants/two/missing"),
        ("GET", "/sub/"),
        ("GET", "/raw/anything"),
        ("GET", "/static/missing"),
    )
    assert [answer.status_code for answer in answers] == [200, 200, 200, 404, 200, 200, 404]
    assert samples(registry, "http_requests_total") == {
        ("/tenants/{tenant}/users/{user}", "GET", "200"): 2,
        ("/tenants/{tenant}/deep/{level}/items/{item_id}", "GET", "200"): 1,
        ("/sub/", "GET", "200"): 1,
    }


async def item_of_user(request: Request) -> Response:
    return PlainTextResponse("user")


def test_behind_a_proxy_prefix(registry: CollectorRegistry) -> None:
    in_progress: list[float] = []

    async def observed(request: Request) -> Response:
        in_progress.append(samples(registry, "http_requests_in_progress")[()])
        return PlainTextResponse("")

    routes = [Route("/items/{item_id}", observed), Route("/health/live", observed)]
    app = instrumented(registry, routes, excluded_handlers=re.compile("/health/.*"))

    async def main() -> None:
        transport = httpx.ASGITransport(app=app, root_path="/api")
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            for path in ("/api/items/a", "/api/health/live"):
                assert (await client.get(path)).status_code == 200

    asyncio.run(main())
    assert in_progress == [1, 0]
    assert samples(registry, "http_requests_total") == {("/items/{item_id}", "GET", "200"): 1}


def test_websockets_and_lifespan_pass_through(registry: CollectorRegistry) -> None:
    seen = []

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope["type"], receive, send))

    app = MetricsMiddleware(inner, settings=Settings(), registry=registry)

    async def ignore(message: Any) -> None:
        pass

    for kind in ("lifespan", "websocket"):
        asyncio.run(app({"type": kind, "path": "/", "headers": []}, _no_body, ignore))
    assert seen == [("lifespan", _no_body, ignore), ("websocket", _no_body, ignore)]
    assert samples(registry, "http_requests_in_progress") == {(): 0}


def test_the_worker_is_visible_from_lifespan_startup_to_shutdown(
    registry: CollectorRegistry, meeting_place: Any
) -> None:
    app = instrumented(registry, ROUTES)
    sockets: list[int] = []

    async def main() -> None:
        messages = iter(["lifespan.startup", "lifespan.shutdown"])

        async def receive() -> dict[str, Any]:
            return {"type": next(messages)}

        async def sent(message: Any) -> None:
            sockets.append(len(list(meeting_place.rglob("*.sock"))))

        await app({"type": "lifespan"}, receive, sent)

    for _ in range(2):  # as test clients do
        asyncio.run(main())
        sockets.append(len(list(meeting_place.rglob("*.sock"))))
    assert sockets == [1, 1, 0, 1, 1, 0]


def test_without_lifespan_the_first_request_makes_the_worker_visible(
    registry: CollectorRegistry, meeting_place: Any
) -> None:
    app = instrumented(registry, ROUTES)
    assert list(meeting_place.rglob("*.sock")) == []
    send(app, ("GET", "/items/a"))
    assert len(list(meeting_place.rglob("*.sock"))) == 1


def test_disabled_middleware_only_calls_on(registry: CollectorRegistry) -> None:
    seen = []

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        seen.append((receive, send))

    app = MetricsMiddleware(inner, settings=Settings(enabled=False), registry=registry)
    asyncio.run(app({"type": "http", "path": "/"}, _no_body, _no_body))  # type: ignore[arg-type]  # never sends
    assert seen == [(_no_body, _no_body)]
    assert list(registry.collect()) == []


def test_prefix_of_the_names(registry: CollectorRegistry) -> None:
    send(instrumented(registry, ROUTES, namespace="shop", subsystem="cart"), ("GET", "/items/a"))
    assert samples(registry, "shop_cart_http_requests_total") == {("/items/{item_id}", "GET", "200"): 1}


def test_two_applications_share_the_metrics_of_a_registry(registry: CollectorRegistry) -> None:
    for _ in range(2):
        send(instrumented(registry, ROUTES), ("GET", "/items/a"))
    assert samples(registry, "http_requests_total") == {("/items/{item_id}", "GET", "200"): 2}


class TestPage:
    @pytest.fixture
    def page(self, registry: CollectorRegistry, backend: SimpleNamespace) -> Any:
        backend.Counter("hits", "Hits.", registry=registry).inc(3)
        return metrics_app(registry, Settings(custom_labels=(("team", "a"),)))

    def test_text(self, page: Any) -> None:
        [answer] = send(page, ("GET", "/", {"headers": {"accept-encoding": "identity"}}))
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert "content-encoding" not in answer.headers
        assert answer.headers["vary"] == "accept, accept-encoding"
        assert re.search(r'^hits_total\{service_instance_id="[^"]+-pid-\d+",team="a"\} 3\.0$', answer.text, re.M)

    def test_gzip_where_asked_for(self, page: Any) -> None:
        [plain, packed, refused] = send(
            page, *[("GET", "/", {"headers": {"accept-encoding": how}}) for how in ("", "br, gzip;q=0.5", "gzip;q=0")]
        )
        assert packed.headers["content-encoding"] == "gzip"
        assert packed.text == plain.text == refused.text
        assert "content-encoding" not in refused.headers
        assert int(packed.headers["content-length"]) == packed.num_bytes_downloaded

    def test_head_has_headers_only(self, page: Any) -> None:
        [answer] = send(page, ("HEAD", "/"))
        assert (answer.status_code, answer.content) == (200, b"")
        assert int(answer.headers["content-length"]) > 0

    def test_other_methods_are_refused(self, page: Any) -> None:
        [answer] = send(page, ("POST", "/"))
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")

    def test_rendering_leaves_the_event_loop_alone(self, registry: CollectorRegistry) -> None:
        threads = []

        class Asked:
            def collect(self) -> list[Any]:
                threads.append(threading.get_ident())
                return []

        registry.register(Asked())
        threads.clear()
        send(metrics_app(registry, Settings()), ("GET", "/"))
        assert len(threads) == 1
        assert threads != [threading.get_ident()]

    def test_disabled(self, registry: CollectorRegistry) -> None:
        assert send(metrics_app(registry, Settings(enabled=False)), ("GET", "/"))[0].status_code == 404

    def test_on_a_starlette_route(self, page: Any) -> None:
        app = Starlette(routes=[Route("/internal/metrics", page)])
        [answer] = send(app, ("GET", "/internal/metrics"))
        assert "hits_total" in answer.text


def test_bad_environment_is_told_when_the_application_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRICS_PORT", "many")
    with pytest.raises(ValueError, match=r"^METRICS_PORT is 'many'"):
        metrics_app()
