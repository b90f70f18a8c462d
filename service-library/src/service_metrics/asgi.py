"""Measure an ASGI application, and serve the page from one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from time import perf_counter
from typing import Any

from service_metrics.backend import REGISTRY, CollectorRegistry
from service_metrics.http_metrics import http_metrics
from service_metrics.page import Page
from service_metrics.routing import route_template
from service_metrics.settings import Settings

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]


class MetricsMiddleware:
    """Measures each HTTP request of the application it wraps; WebSockets and lifespan pass through.

    A request counts just before the last part of its response is sent, so a client that has its answer finds it on the
    page. Requests without a route, and to excluded handlers, count nowhere. An exception counts as status "500" and is
    raised again. Where metrics are disabled the middleware only calls on.

    Args:
        app: The application.
        settings: None reads the environment.
        registry: Where the HTTP metrics are registered; None is REGISTRY.

    Raises:
        SettingsError: the environment has a value that is not allowed.
        ValueError: the registry has other metrics of these names.
    """

    def __init__(
        self, app: ASGIApp, *, settings: Settings | None = None, registry: CollectorRegistry | None = None
    ) -> None:
        self._app = app
        self._page = Page(registry, settings)
        self._settings = self._page.settings
        self._joined = False
        if self._settings.enabled:
            self._metrics = http_metrics(self._settings, REGISTRY if registry is None else registry)
            self._excluded = excluding(self._settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._settings.enabled:
            await self._app(scope, receive, send)
            return
        if scope["type"] == "lifespan":
            await self._live(scope, receive, send)
            return
        if not self._joined:  # by a server without lifespan
            self._join()
        if scope["type"] == "http":
            await self._measure(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _join(self) -> None:
        self._joined = True
        self._page.join_workers()

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Be visible from start-up, in the worker and after gunicorn's fork, to shut-down.

        Waiting for `atexit` would not do: uvicorn ends its process by raising the signal again.
        """
        self._join()
        try:
            await self._app(scope, receive, send)
        finally:
            self._joined = False
            self._page.leave_workers()

    async def _measure(self, scope: Scope, receive: Receive, send: Send) -> None:
        excluded = self._excluded
        in_progress = self._metrics.in_progress
        root_path = scope.get("root_path", "")
        # Nothing is routed yet, so what is in progress goes by the path; the page itself never counts.
        counted = not excluded(scope["path"].removeprefix(root_path))
        status = "500"
        response_bytes = 0
        finished = False
        started = perf_counter()

        def finish(final_status: str) -> None:
            nonlocal finished
            finished = True
            if counted:
                in_progress.dec()
            handler = route_template(scope, root_path)
            if handler is None or excluded(handler):
                return
            record = self._metrics.record(handler, scope["method"], final_status)
            record(perf_counter() - started, _content_length(scope), response_bytes)

        async def measured_send(message: Message) -> None:
            nonlocal status, response_bytes
            if message["type"] == "http.response.start":
                status = str(message["status"])
            elif message["type"] == "http.response.body" and not finished:
                response_bytes += len(message.get("body", b""))
                if not message.get("more_body", False):
                    finish(status)
            await send(message)

        if counted:
            in_progress.inc()
        try:
            await self._app(scope, receive, measured_send)
        except BaseException:
            status = "500"
            raise
        finally:
            if not finished:
                finish(status)


class MetricsPage:
    """The page of all live workers as an ASGI application; answers GET and HEAD, in gzip where the client takes it.

    Rendering and asking siblings happen in a thread, so the event loop goes on.
    """

    def __init__(self, page: Page) -> None:
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's signature
        if scope["type"] != "http":
            raise RuntimeError(f"The metrics page answers HTTP requests, not {scope['type']!r}; mount it on a route.")
        method = scope["method"]
        if not self._page.settings.enabled:
            status, headers, body = 404, {"content-type": "text/plain"}, b"Metrics are disabled.\n"
        elif method not in ("GET", "HEAD"):
            status, headers, body = 405, {"allow": "GET, HEAD"}, b""
        else:
            accepted = b",".join(value for name, value in scope["headers"] if name == b"accept-encoding")
            headers, body = await asyncio.to_thread(self._page.answer, accepted.decode("latin-1"))
            status = 200
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})


def metrics_app(registry: CollectorRegistry | None = None, settings: Settings | None = None) -> ASGIApp:
    """Return the page as an ASGI application, for a route of its own.

    Args:
        registry: What to publish; None is REGISTRY.
        settings: None reads the environment.

    Raises:
        SettingsError: the environment has a value that is not allowed.
    """
    return MetricsPage(Page(registry, settings))


def excluding(settings: Settings) -> Callable[[str], bool]:
    """Return what tells whether a route template or a path is not measured: the page, and METRICS_EXCLUDED_HANDLERS."""
    page = settings.path
    if settings.excluded_handlers is None:
        return lambda handler: handler == page
    matches = settings.excluded_handlers.fullmatch
    return lambda handler: handler == page or matches(handler) is not None


def _content_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else 0
    return 0
