"""One call that instruments a tornado application."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable
from typing import Any

from service_metrics.frameworks import not_installed

try:
    from tornado.concurrent import Future
    from tornado.httputil import (
        HTTPConnection,
        HTTPHeaders,
        HTTPMessageDelegate,
        HTTPServerRequest,
        RequestStartLine,
        ResponseStartLine,
    )
    from tornado.routing import PathMatches, RuleRouter
    from tornado.web import Application, RequestHandler
except ModuleNotFoundError as error:
    raise not_installed(error, "tornado") from None

from service_metrics.backend import CollectorRegistry
from service_metrics.http_metrics import LabelCallbacks
from service_metrics.http_recorder import CLIENT_LEFT, HttpRecorder, content_length
from service_metrics.page import Page
from service_metrics.page_answer import page_answer
from service_metrics.settings import Settings

_INSTRUMENTED = "service_metrics"  # in the settings of an application


def instrument(
    application: Application,
    *,
    labels: LabelCallbacks | None = None,
    settings: Settings | None = None,
    registry: CollectorRegistry | None = None,
) -> None:
    """Measure the requests of `application`, and add the page's route.

    `handler` is the regular expression of the rule: `/items/([0-9]+)`. Requests that no rule takes count nowhere, nor do
    WebSockets. The page's own requests are not measured. Adds nothing at all where metrics are disabled; a second call
    adds nothing either.

    Args:
        application: The application, before it listens.
        labels: Labels to add to `http_requests_total` and `http_request_duration_seconds`, each with a callable that
            gets the `HTTPServerRequest` when the response begins and returns a string. One that fails counts as
            "unknown", in `service_metrics_label_errors_total{label}`, and never fails the request.
        settings: None reads the environment.
        registry: What to register in and to publish; None is REGISTRY.

    Raises:
        SettingsError: the environment has a value that is not allowed.
        ValueError: the registry has other metrics of these names, or a label cannot be added.
    """
    settings = Settings.from_env() if settings is None else settings
    if not settings.enabled or _INSTRUMENTED in application.settings:
        return
    recorder = HttpRecorder(settings, registry, labels)
    application.settings[_INSTRUMENTED] = True
    find_handler = application.find_handler

    def find_measured_handler(request: HTTPServerRequest, **kwargs: Any) -> HTTPMessageDelegate:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return find_handler(request, **kwargs)
        connection = _Connection(request, recorder, _rule(application.default_router, request))
        request.connection = connection
        return _Delegate(find_handler(request, **kwargs), connection)

    application.find_handler = find_measured_handler  # type: ignore[method-assign, assignment]
    rules = application.wildcard_router.rules
    application.wildcard_router.add_rules(
        [(re.escape(settings.path), MetricsHandler, {"page": Page(registry, settings)})]
    )
    rules.insert(0, rules.pop())  # before a rule that takes every path


class MetricsHandler(RequestHandler):
    """Answers with the page of all live workers, for a rule of its own: `(r"/metrics", MetricsHandler)`.

    Rendering and asking siblings happen in a thread, so the event loop goes on.
    """

    def initialize(self, page: Page | None = None) -> None:
        """Take the page; None is the page of REGISTRY, as the environment asks for it."""
        self._page = Page() if page is None else page

    async def get(self) -> None:
        """Answer GET."""
        headers = self.request.headers
        accept, accept_encoding = headers.get("Accept", ""), headers.get("Accept-Encoding", "")
        answered = await asyncio.to_thread(page_answer, self._page, str(self.request.method), accept, accept_encoding)
        self.set_status(answered.status)
        for name, value in answered.headers.items():
            self.set_header(name, value)
        self.write(answered.body)

    head = get


def _rule(router: RuleRouter, request: HTTPServerRequest) -> str | None:
    """Return the expression of the rule that takes the request, as the router finds it."""
    for rule in router.rules:
        if rule.matcher.match(request) is None:
            continue
        if isinstance(rule.target, RuleRouter):
            inner = _rule(rule.target, request)
            if inner is not None:
                return inner
        elif isinstance(rule.matcher, PathMatches):
            return rule.matcher.regex.pattern.removesuffix("$")
    return None


class _Connection(HTTPConnection):
    """The connection of one request; the handler writes its response through this."""

    def __init__(self, request: HTTPServerRequest, recorder: HttpRecorder, rule: str | None) -> None:
        self._connection: Any = request.connection
        self._request = request
        self._rule = rule
        self._whole_length: float | None = None
        size = content_length(request.headers.get("Content-Length"))
        self._measured = recorder.begin(request.path, str(request.method), size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def write_headers(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders, chunk: bytes | None = None
    ) -> Future[None]:
        if isinstance(start_line, ResponseStartLine) and start_line.code >= 200:  # no interim response
            self._measured.status = start_line.code
            self._measured.identify(self._rule, self._request)
            length = headers.get("Content-Length")
            self._whole_length = None if length is None else content_length(length)
        self._count(chunk or b"")
        return self._connection.write_headers(start_line, headers, chunk)  # type: ignore[no-any-return]

    def write(self, chunk: bytes) -> Future[None]:
        self._count(chunk)
        return self._connection.write(chunk)  # type: ignore[no-any-return]

    def _count(self, chunk: bytes) -> None:
        self._measured.response_bytes += len(chunk)
        if self._whole_length is not None and self._measured.response_bytes >= self._whole_length:
            self._measured.finish()

    def finish(self) -> None:
        self._measured.finish()
        self._connection.finish()

    def left(self) -> None:
        """Record that the client left before it had sent all of its request."""
        self._measured.status = CLIENT_LEFT
        self._measured.identify(self._rule, self._request)
        self._measured.finish()


class _Delegate(HTTPMessageDelegate):
    """Takes in the request for the handler, and notes a client that leaves meanwhile."""

    def __init__(self, delegate: HTTPMessageDelegate, connection: _Connection) -> None:
        self._delegate = delegate
        self._connection = connection

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        return self._delegate.headers_received(start_line, headers)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        return self._delegate.data_received(chunk)

    def finish(self) -> None:
        self._delegate.finish()

    def on_connection_close(self) -> None:
        self._connection.left()
        self._delegate.on_connection_close()
