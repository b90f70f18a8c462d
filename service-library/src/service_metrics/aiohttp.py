"""One call that instruments an aiohttp server application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextvars import ContextVar

from prometheus_client.registry import Collector

from service_metrics.frameworks import not_installed

try:
    from aiohttp import web
    from aiohttp.typedefs import Handler, Middleware
except ModuleNotFoundError as error:
    raise not_installed(error, "aiohttp") from None

from service_metrics.backend import REGISTRY, CollectorRegistry
from service_metrics.exposition import _bake_output
from service_metrics.http_metrics import LabelCallbacks
from service_metrics.http_recorder import CLIENT_LEFT, HttpRecorder, MeasuredRequest, content_length
from service_metrics.page import Page
from service_metrics.page_answer import page_answer
from service_metrics.settings import Settings

_INSTRUMENTED = web.AppKey("service_metrics", bool)
_answering: ContextVar[MeasuredRequest | None] = ContextVar("service_metrics.aiohttp", default=None)
"""The request of this task."""


def instrument(
    app: web.Application,
    *,
    labels: LabelCallbacks | None = None,
    settings: Settings | None = None,
    registry: CollectorRegistry | None = None,
) -> None:
    """Measure the requests of `app` and its sub-applications, and add the page's route.

    `handler` is the canonical path of the resource: `/v1/items/{item_id}`. A request counts when its handler and the
    middleware have returned: a stream after its last part, any other body just before it is sent. The page's own
    requests are not measured. Adds nothing at all where metrics are disabled; a second call adds nothing either.

    Args:
        app: The application, before it starts. Add resources that catch everything after this.
        labels: Labels to add to `http_requests_total` and `http_request_duration_seconds`, each with a callable that
            gets the `web.Request` after its handler and returns a string. One that fails counts as "unknown", in
            `service_metrics_label_errors_total{label}`, and never fails the request.
        settings: None reads the environment.
        registry: What to register in and to publish; None is REGISTRY.

    Raises:
        SettingsError: the environment has a value that is not allowed.
        ValueError: the registry has other metrics of these names, or a label cannot be added.
        RuntimeError: aiohttp's own, where the application has started already.
    """
    settings = Settings.from_env() if settings is None else settings
    if not settings.enabled or _INSTRUMENTED in app:
        return
    recorder = HttpRecorder(settings, registry, labels)
    app[_INSTRUMENTED] = True
    app.router.add_get(settings.path, metrics_handler(registry, settings))
    app.middlewares.insert(0, _middleware(recorder))
    app.on_response_prepare.append(_note_status)

    async def visible(_: web.Application) -> AsyncIterator[None]:
        recorder.join()
        yield
        recorder.leave()

    app.cleanup_ctx.append(visible)


def metrics_handler(registry: CollectorRegistry | None = None, settings: Settings | None = None) -> Handler:
    """Return a handler that answers with the page of all live workers, for a route of its own.

    Rendering and asking siblings happen in a thread, so the event loop goes on.

    Args:
        registry: What to publish; None is REGISTRY.
        settings: None reads the environment.

    Raises:
        SettingsError: the environment has a value that is not allowed.
    """
    page = Page(registry, settings)

    async def answer(request: web.Request) -> web.Response:
        accept, accept_encoding = _joined(request, "Accept"), _joined(request, "Accept-Encoding")
        answered = await asyncio.to_thread(page_answer, page, request.method, accept, accept_encoding)
        return web.Response(status=answered.status, headers=answered.headers, body=answered.body)

    return answer


def make_aiohttp_handler(registry: Collector = REGISTRY, disable_compression: bool = False) -> Handler:
    """Return prometheus_client's handler: it shows the given registry of this process only, and knows `name[]`."""

    async def answer(request: web.Request) -> web.Response:
        params = {name: request.query.getall(name) for name in request.query}
        accept, accept_encoding = _joined(request, "Accept"), _joined(request, "Accept-Encoding")
        status, headers, body = await asyncio.to_thread(
            _bake_output, registry, accept, accept_encoding, params, disable_compression
        )
        return web.Response(status=int(status[:3]), headers=headers, body=body)

    return answer


def _joined(request: web.Request, header: str) -> str:
    return ",".join(request.headers.getall(header, []))


def _middleware(recorder: HttpRecorder) -> Middleware:
    @web.middleware
    async def measure(request: web.Request, handler: Handler) -> web.StreamResponse:
        if _answering.get() is not None or request.headers.get("Upgrade", "").lower() == "websocket":
            return await handler(request)
        size = content_length(request.headers.get("Content-Length"))
        measured = recorder.begin(request.path, request.method, size)
        _answering.set(measured)

        def note(size: int, _: int) -> None:
            measured.response_bytes += size

        request.writer.on_body_write = note  # what a stream writes before its handler returns
        response: web.StreamResponse | None = None
        try:
            response = await handler(request)
        except web.HTTPException as raised:
            response = raised
            raise
        except (ConnectionResetError, asyncio.CancelledError):
            left = request.transport is None or request.transport.is_closing()
            measured.status = (measured.status or CLIENT_LEFT) if left else 500
            raise
        except BaseException as error:
            measured.status = 504 if isinstance(error, asyncio.TimeoutError) else 500  # what aiohttp answers then
            raise
        finally:
            measured.identify(await _template(request), request)
            if isinstance(response, web.FileResponse):  # sent after this; the task of the request ends with it
                _finish_later(measured, response)
            else:
                if response is not None:
                    measured.status = response.status
                    if not response.prepared:
                        size_of_file = getattr(getattr(response, "body", None), "size", None)
                        measured.response_bytes = float(response.content_length or size_of_file or 0)
                measured.finish()
        return response

    return measure


def _finish_later(measured: MeasuredRequest, response: web.FileResponse) -> None:
    def finish(_: object) -> None:
        measured.status = response.status
        measured.response_bytes = float(response.content_length or 0)
        measured.finish()

    task = asyncio.current_task()
    if task is not None:  # always, in a coroutine
        task.add_done_callback(finish)


async def _note_status(_: web.Request, response: web.StreamResponse) -> None:
    measured = _answering.get()
    if measured is not None:
        measured.status = response.status


async def _template(request: web.Request) -> str | None:
    """Return the canonical path of the resource; of a refused method, of the resource that has other methods."""
    resource = request.match_info.route.resource
    if resource is not None:
        return resource.canonical
    if isinstance(request.match_info.http_exception, web.HTTPMethodNotAllowed):
        for candidate in request.match_info.apps[-1].router.resources():
            _, methods = await candidate.resolve(request)
            if methods:
                return candidate.canonical
    return None
