"""Measure a WSGI application, and serve the page from one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from service_metrics.backend import CollectorRegistry
from service_metrics.http_metrics import LabelCallbacks
from service_metrics.http_recorder import HttpRecorder, content_length
from service_metrics.page import Page
from service_metrics.page_answer import page_answer
from service_metrics.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_MEASURED = "service_metrics.measured"
_REASONS = {200: "200 OK", 404: "404 Not Found", 405: "405 Method Not Allowed"}


class MetricsMiddleware:
    """Measures each request of the WSGI application it wraps.

    A request counts when the last part of its body is handed to the server: with a Content-Length just before, so that
    a client that has its answer finds it on the page. A client that leaves ends it too, when the server closes the body.
    An exception of the application or its body counts as status "500" and is raised again. Of two middlewares around
    each other only the outer one measures. Where metrics are disabled it only calls on. Safe in threads.

    Args:
        app: The application.
        route: Called with the environ when the response begins; returns the template of the route that took the
            request, such as `/items/<int:item_id>`, or None: then the request counts nowhere.
        settings: None reads the environment.
        registry: Where the HTTP metrics are registered; None is REGISTRY.
        labels: Labels to add to `http_requests_total` and `http_request_duration_seconds`, each with a callable that
            gets the environ when the response begins and returns a string. One that fails counts as "unknown", in
            `service_metrics_label_errors_total{label}`, and never fails the request.

    Raises:
        SettingsError: the environment has a value that is not allowed.
        ValueError: the registry has other metrics of these names, or a label cannot be added.
    """

    def __init__(
        self,
        app: WSGIApplication,
        route: Callable[[WSGIEnvironment], str | None],
        *,
        settings: Settings | None = None,
        registry: CollectorRegistry | None = None,
        labels: LabelCallbacks | None = None,
    ) -> None:
        self._app = app
        self._route = route
        self._recorder = HttpRecorder(settings, registry, labels)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not self._recorder.enabled or _MEASURED in environ:
            return self._app(environ, start_response)
        environ[_MEASURED] = True
        response = _Response(self._recorder, self._route, environ, start_response)
        try:
            parts = self._app(environ, response.start)
        except BaseException:
            response.fail()
            raise
        return response.carry(parts)


class _Response:
    """The application's response on its way to the server, part by part: a stream stays a stream."""

    def __init__(
        self,
        recorder: HttpRecorder,
        route: Callable[[WSGIEnvironment], str | None],
        environ: WSGIEnvironment,
        start_response: StartResponse,
    ) -> None:
        self._environ = environ
        self._route = route
        self._start_response = start_response
        self._whole_length: float | None = None
        self._parts: Iterable[bytes] = ()
        self._iterator: Iterator[bytes] | None = None
        self._request = recorder.begin(
            environ.get("PATH_INFO", ""), environ["REQUEST_METHOD"], content_length(environ.get("CONTENT_LENGTH"))
        )

    def start(self, status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Callable[[bytes], object]:
        """Be the application's start_response."""
        write = self._start_response(status, headers, *exc_info)
        self._request.status = int(status[:3])
        for name, value in headers:
            if name.lower() == "content-length":
                self._whole_length = content_length(value)
        self._identify()

        def measured_write(data: bytes) -> object:
            self._request.response_bytes += len(data)
            return write(data)

        return measured_write

    def carry(self, parts: Iterable[bytes]) -> Iterable[bytes]:
        """Return what the server gets instead of `parts`."""
        if isinstance(parts, (list, tuple)):  # all there; servers take the Content-Length from a list of one part
            self._request.response_bytes += sum(map(len, parts))
            self._identify()
            self._request.finish()
            return parts
        self._parts = parts
        return self

    def fail(self) -> None:
        """Record the exception that ended the request."""
        self._request.status = 500
        self._identify()
        self._request.finish()

    def _identify(self) -> None:
        if not self._request.identified:
            self._request.identify(self._route(self._environ), self._environ)

    def __iter__(self) -> _Response:
        return self

    def __next__(self) -> bytes:
        request = self._request
        try:
            if self._iterator is None:
                self._iterator = iter(self._parts)
            part = next(self._iterator)
        except StopIteration:
            request.finish()
            raise
        except BaseException:
            self.fail()
            raise
        request.response_bytes += len(part)
        if self._whole_length is not None and request.response_bytes >= self._whole_length:
            request.finish()
        return part

    def close(self) -> None:
        """Close the application's parts, as servers do at the end or when the client has left."""
        try:
            close = getattr(self._parts, "close", None)
            if close is not None:
                close()
        finally:
            self._request.finish()


def metrics_app(registry: CollectorRegistry | None = None, settings: Settings | None = None) -> WSGIApplication:
    """Return the page as a WSGI application; answers GET and HEAD, in gzip where the client takes it.

    Args:
        registry: What to publish; None is REGISTRY.
        settings: None reads the environment.

    Raises:
        SettingsError: the environment has a value that is not allowed.
    """
    page = Page(registry, settings)

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        accept, accept_encoding = environ.get("HTTP_ACCEPT", ""), environ.get("HTTP_ACCEPT_ENCODING", "")
        status, headers, body = page_answer(page, environ["REQUEST_METHOD"], accept, accept_encoding)
        start_response(_REASONS[status], list(headers.items()))
        return [body]

    return answer
