"""Middleware and page of a Django project.

    MIDDLEWARE = ["service_metrics.django.MetricsMiddleware", ...]  # settings.py; first, so that it measures the others too

    urlpatterns = [*service_metrics.django.urls(), ...]  # urls.py; the page on METRICS_PATH

Labels are added by a setting, callables or their dotted paths: `SERVICE_METRICS_LABELS = {"tenant": "shop.metrics.tenant"}`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Iterator
from typing import Any

from prometheus_client.registry import Collector

from service_metrics.frameworks import not_installed

try:
    from asgiref.sync import iscoroutinefunction, markcoroutinefunction
    from django.conf import settings as django_settings  # type: ignore[import-untyped]
    from django.core.exceptions import MiddlewareNotUsed  # type: ignore[import-untyped]
    from django.http import HttpRequest, HttpResponse  # type: ignore[import-untyped]
    from django.urls import URLPattern, path  # type: ignore[import-untyped]
    from django.utils.module_loading import import_string  # type: ignore[import-untyped]
    from django.views import View  # type: ignore[import-untyped]
except ModuleNotFoundError as error:
    raise not_installed(error, "django") from None

from service_metrics.backend import REGISTRY
from service_metrics.exposition import _bake_output
from service_metrics.http_recorder import CLIENT_LEFT, HttpRecorder, MeasuredRequest, content_length
from service_metrics.page import Page
from service_metrics.page_answer import page_answer
from service_metrics.settings import Settings

_MEASURED = "_service_metrics_measured"


class MetricsMiddleware:
    """Measures each request, under WSGI and ASGI alike; put it first into MIDDLEWARE.

    `handler` is the route of the resolver match, with a slash in front and the routes of includes: `/v1/items/<int:id>`;
    a request that no URL pattern takes counts nowhere. It counts when the middleware has the whole response; a streaming
    response when its last part has been taken or the server closes it. Where metrics are disabled Django leaves the
    middleware out.

    Raises:
        SettingsError: the environment has a value that is not allowed.
        ValueError: the registry has other metrics of these names, or a label cannot be added.
        ImportError: SERVICE_METRICS_LABELS has a dotted path that leads nowhere.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._get_response = get_response
        labels = getattr(django_settings, "SERVICE_METRICS_LABELS", None) or {}
        callbacks = {name: import_string(given) if isinstance(given, str) else given for name, given in labels.items()}
        self._recorder = HttpRecorder(labels=callbacks)
        if not self._recorder.enabled:
            raise MiddlewareNotUsed
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponse | Awaitable[HttpResponse]:
        if hasattr(request, _MEASURED):
            return self._get_response(request)
        setattr(request, _MEASURED, True)
        if self._is_async:
            return self._measure(request)
        measured = self._begin(request)
        try:
            response = self._get_response(request)
        except BaseException:
            _fail(measured, request)
            raise
        return _answer(measured, request, response)

    async def _measure(self, request: HttpRequest) -> HttpResponse:
        measured = self._begin(request)
        try:
            response = await self._get_response(request)
        except BaseException as error:  # other exceptions of the application are responses by now
            measured.status = CLIENT_LEFT if isinstance(error, asyncio.CancelledError) else 500
            _fail(measured, request)
            raise
        return _answer(measured, request, response)

    def _begin(self, request: HttpRequest) -> MeasuredRequest:
        return self._recorder.begin(
            request.path_info, request.method, content_length(request.META.get("CONTENT_LENGTH"))
        )


def _fail(measured: MeasuredRequest, request: HttpRequest) -> None:
    measured.identify(_route(request), request)
    measured.finish()


def _answer(measured: MeasuredRequest, request: HttpRequest, response: HttpResponse) -> HttpResponse:
    measured.status = response.status_code
    measured.identify(_route(request), request)
    if not response.streaming:
        measured.response_bytes = float(sum(map(len, response)))
        measured.finish()
        return response
    if getattr(response, "file_to_stream", None) is not None:  # left alone, so that the server can use sendfile
        measured.response_bytes = content_length(str(response.headers.get("Content-Length", "")))
    elif response.is_async:
        response.streaming_content = _async_parts(measured, response.streaming_content)
    else:
        response.streaming_content = _parts(measured, response.streaming_content)
    close = response.close

    def measured_close() -> None:
        try:
            close()
        finally:
            measured.finish()

    response.close = measured_close
    return response


def _parts(measured: MeasuredRequest, parts: Iterable[bytes]) -> Iterator[bytes]:
    try:
        for part in parts:
            measured.response_bytes += len(part)
            yield part
    except Exception:
        measured.status = 500
        raise
    finally:
        measured.finish()


async def _async_parts(measured: MeasuredRequest, parts: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    try:
        async for part in parts:
            measured.response_bytes += len(part)
            yield part
    except Exception:
        measured.status = 500
        raise
    finally:
        measured.finish()


def _route(request: HttpRequest) -> str | None:
    match = request.resolver_match
    return None if match is None else "/" + match.route.removeprefix("^").removesuffix("$")


def metrics(request: HttpRequest) -> HttpResponse:
    """Be the view that answers with the page of all live workers. Django runs it in a thread, under ASGI too."""
    accept, accept_encoding = request.headers.get("Accept", ""), request.headers.get("Accept-Encoding", "")
    status, headers, body = page_answer(Page(), request.method, accept, accept_encoding)
    return HttpResponse(body, status=status, headers=headers)


def urls() -> list[URLPattern]:
    """Return the URL pattern of the page, on METRICS_PATH; none where metrics are disabled.

    Raises:
        SettingsError: the environment has a value that is not allowed.
    """
    settings = Settings.from_env()
    return [path(settings.path.removeprefix("/"), metrics, name="service-metrics")] if settings.enabled else []


class PrometheusDjangoView(View):  # type: ignore[misc]
    """prometheus_client's view: it shows `registry`, of this process only, and knows `name[]`."""

    registry: Collector = REGISTRY

    def get(self, request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
        """Answer GET and HEAD."""
        accept, accept_encoding = request.headers.get("Accept"), request.headers.get("Accept-Encoding")
        status, headers, body = _bake_output(
            self.registry, accept, accept_encoding, dict(request.GET.lists()), disable_compression=False
        )
        return HttpResponse(body, status=int(status[:3]), headers=dict(headers))
