"""Measure an ASGI application, and serve the page from one."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from time import perf_counter
from typing import Any

from service_metrics.backend import CollectorRegistry
from service_metrics.exposition import make_asgi_app
from service_metrics.http_metrics import METHODS, LabelCallbacks, Record
from service_metrics.http_recorder import CLIENT_LEFT, HttpRecorder, content_length
from service_metrics.page import Page
from service_metrics.page_answer import page_answer
from service_metrics.routing import is_endpoint, route_template
from service_metrics.settings import Settings

__all__ = ["MetricsMiddleware", "MetricsPage", "make_asgi_app", "metrics_app"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

_MEASURED = "service_metrics.measured"
_Key = tuple[int, int, str, int]  # ids of a route and of its context, method, status
_Found = tuple[Record | None, object, object]
_MOST_RECORDS = 10_000


class MetricsMiddleware:
    """Measures each HTTP request of the application it wraps; WebSockets and lifespan pass through.

    A request counts just before the last part of its response is sent, so a client that has its answer finds it on the
    page. Requests without a route, and to excluded handlers, count nowhere. An exception counts as status "500" and is
    raised again; a client that left before the response began counts as "499". Where metrics are disabled the
    middleware only calls on, and of two around each other only the outer one measures.

    Args:
        app: The application.
        settings: None reads the environment.
        registry: Where the HTTP metrics are registered; None is REGISTRY.
        labels: Labels to add to `http_requests_total` and `http_request_duration_seconds`, each with a callable that
            gets the scope after routing and returns a string. One that fails counts as "unknown", in
            `service_metrics_label_errors_total{label}`, and never fails the request.

    Raises:
        SettingsError: the environment has a value that is not allowed.
        ValueError: the registry has other metrics of these names, or a label cannot be added.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        settings: Settings | None = None,
        registry: CollectorRegistry | None = None,
        labels: LabelCallbacks | None = None,
    ) -> None:
        self._app = app
        self._recorder = recorder = HttpRecorder(settings, registry, labels)
        self._enabled = recorder.enabled
        if recorder.enabled:
            self._records = _Records(recorder)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._enabled or scope.setdefault(_MEASURED, self) is not self:
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await self._pass_on(scope, receive, send)
            return
        if not self._recorder.joined:
            self._recorder.join()
        request = _Request(self._records, scope, send)
        try:
            await self._app(scope, receive, request.send)
        except BaseException as error:
            request.fail(error)
            raise
        finally:
            if not request.finished:
                request.finish()

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Be visible to siblings from start-up, in the worker and after gunicorn's fork, to shut-down.

        Waiting for `atexit` would not do: uvicorn ends its process by raising the signal again.
        """
        self._recorder.join()
        try:
            await self._app(scope, receive, send)
        finally:
            if scope["type"] == "lifespan":
                self._recorder.leave()


class _Records:
    """What records requests, by their route.

    Attributes:
        by_route: What records requests of a route that is not below a mount, by `_Key`. Routes cannot be hashed; entries
            keep the objects whose ids are in their key, so the ids stay theirs.
    """

    def __init__(self, recorder: HttpRecorder) -> None:
        self.enter = recorder.metrics.in_progress.inc
        self.leave = recorder.metrics.in_progress.dec
        self.excluded = recorder.excluded
        self.by_route: dict[_Key, _Found] = {}
        self._record = recorder.metrics.record
        self._added = recorder.added

    def find(self, scope: Scope, root_path: str, key: _Key, kept: tuple[object, object]) -> _Found:
        """Return what records a request of a route, or None where it counts nowhere; the answer is kept where it can be.

        Args:
            scope: The scope after routing.
            root_path: The scope's `root_path` before routing.
            key: What to keep the answer by.
            kept: The objects whose ids are in the key.
        """
        handler = route_template(scope, root_path)
        if handler is None or self.excluded(handler):
            record, label_values = None, None
        else:
            label_values = self._added.values(scope) if self._added is not None else None
            record = self._record(handler, scope["method"], str(int(key[3] or 500)), label_values or ())
        found = (record, *kept)
        below_mount = scope.get("root_path", "") != root_path
        if is_endpoint(kept[0]) and not below_mount and label_values is None and scope["method"] in METHODS:
            if len(self.by_route) >= _MOST_RECORDS:  # of an application that makes routes all the time
                self.by_route.clear()
            self.by_route[key] = found
        return found


class _Request:
    """A request that is being answered. Each costs every request of the service: call and look up as little as possible.

    Attributes:
        finished: True once recorded.
    """

    __slots__ = (
        "_counted",
        "_records",
        "_response_bytes",
        "_root_path",
        "_scope",
        "_send",
        "_started",
        "_status",
        "finished",
    )

    def __init__(self, records: _Records, scope: Scope, send: Send) -> None:
        self._records = records
        self._scope = scope
        self._send = send
        self._status = 0
        self._response_bytes = 0.0  # floats are what cells take without a conversion
        self.finished = False
        self._root_path = root_path = scope.get("root_path", "")
        path = scope["path"]
        # Nothing is routed yet, so what is in progress goes by the path; the page itself never counts.
        self._counted = counted = not records.excluded(path.removeprefix(root_path) if root_path else path)
        if counted:
            records.enter()
        self._started = perf_counter()

    def send(self, message: Message) -> Awaitable[None]:
        """Note what is sent, and return the server's awaitable: a coroutine around it would only cost."""
        kind = message["type"]
        if kind == "http.response.start":
            self._status = message["status"]
            # Starlette answers an exception with a 500, also where there is nobody left to answer.
            if self._status == 500 and _client_left(sys.exc_info()[1]):
                self._status = CLIENT_LEFT
        elif self.finished:
            pass
        elif kind == "http.response.body":
            self._response_bytes += len(message.get("body", b""))
            if not message.get("more_body", False):
                self.finish()
        elif kind == "http.response.pathsend":  # the server sends the whole file
            self._response_bytes += Path(message["path"]).stat().st_size
            self.finish()
        return self._send(message)

    def fail(self, error: BaseException) -> None:
        """Note the exception that ended the request."""
        if not _client_left(error):
            self._status = 500
        elif not self._status:
            self._status = CLIENT_LEFT

    def finish(self) -> None:
        """Record the request."""
        self.finished = True
        records = self._records
        if self._counted:
            records.leave()
        scope = self._scope
        route = scope.get("route")
        # What FastAPI keeps of an included router's route apart from the route: one route may be included twice.
        context = scope["fastapi"].get("effective_route_context") if "fastapi" in scope else None
        key = (id(route), id(context), scope["method"], self._status)
        found = records.by_route.get(key) if scope.get("root_path", "") == self._root_path else None
        if found is None:
            found = records.find(scope, self._root_path, key, (route, context))
        record = found[0]
        if record is None:
            return
        request_bytes = 0.0
        for name, value in scope["headers"]:
            if name == b"content-length":
                request_bytes = content_length(value)
                break
        record(perf_counter() - self._started, request_bytes, self._response_bytes)


def _client_left(error: BaseException | None) -> bool:
    starlette = sys.modules.get("starlette.requests")  # who has not imported it does not raise its exceptions
    return starlette is not None and isinstance(error, starlette.ClientDisconnect)


class MetricsPage:
    """The page of all live workers as an ASGI application; answers GET and HEAD, in gzip where the client takes it.

    Rendering and asking siblings happen in a thread, so the event loop goes on.
    """

    def __init__(self, page: Page) -> None:
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's signature
        if scope["type"] != "http":
            raise RuntimeError(f"The metrics page answers HTTP requests, not {scope['type']!r}; mount it on a route.")
        accept, accept_encoding = _header(scope, b"accept"), _header(scope, b"accept-encoding")
        status, headers, body = await asyncio.to_thread(
            page_answer, self._page, scope["method"], accept, accept_encoding
        )
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": body})


def metrics_app(registry: CollectorRegistry | None = None, settings: Settings | None = None) -> ASGIApp:
    """Return the page as an ASGI application, for a route of its own.

    Args:
        registry: What to publish; None is REGISTRY.
        settings: None reads the environment.

    Raises:
        SettingsError: the environment has a value that is not allowed.
    """
    return MetricsPage(Page(registry, settings))


def _header(scope: Scope, wanted: bytes) -> str:
    return b",".join(value for name, value in scope["headers"] if name == wanted).decode("latin-1")
