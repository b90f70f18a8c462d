"""The service on Django, asked through WSGI and through ASGI."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import uuid4

import django  # type: ignore[import-untyped]
import pytest
from django.conf import settings  # type: ignore[import-untyped]
from django.core.handlers.base import BaseHandler  # type: ignore[import-untyped]
from django.http import FileResponse, Http404, HttpResponse, StreamingHttpResponse  # type: ignore[import-untyped]
from django.test import AsyncClient, Client, RequestFactory, override_settings  # type: ignore[import-untyped]
from django.urls import clear_url_caches, include, path, re_path  # type: ignore[import-untyped]
from django.views.decorators.http import require_POST, require_safe  # type: ignore[import-untyped]
from prometheus_client import CollectorRegistry
from service_under_test import Answer, Asked, Service, parts

from service_metrics.django import urls


def _django_urls(service: Service) -> ModuleType:
    @require_safe  # type: ignore[untyped-decorator]
    def item(request: Any, item_id: str) -> Any:
        service.during()
        return HttpResponse(item_id)

    @require_POST  # type: ignore[untyped-decorator]
    def created(request: Any) -> Any:
        return HttpResponse(request.body, status=201)

    def broken(request: Any) -> Any:
        raise RuntimeError("broken")

    def gone(request: Any) -> Any:
        raise Http404

    def streamed(request: Any) -> Any:
        return StreamingHttpResponse(iter([b"one", b"three"]))

    def thing(request: Any, thing: str) -> Any:
        return HttpResponse(thing)

    async def async_streamed(request: Any) -> Any:
        return StreamingHttpResponse(parts())

    made = ModuleType("service_urls")
    made.urlpatterns = [  # type: ignore[attr-defined]
        *urls(),
        path("items/<str:item_id>", item),
        path("items", created),
        path("broken", broken),
        path("gone", gone),
        path("streamed", async_streamed if service.name == "django, asgi" else streamed),
        path("mounted/", include([re_path(r"^things/(?P<thing>\w+)$", thing)])),
    ]
    return made


def _configure_django(urls: ModuleType) -> None:
    if not settings.configured:
        settings.configure(ALLOWED_HOSTS=["*"], SECRET_KEY=str(uuid4()), LOGGING_CONFIG=None)
        django.setup()
    sys.modules["service_urls"] = urls
    clear_url_caches()


def _django(service: Service, client: str) -> Any:
    _configure_django(_django_urls(service))
    overridden = override_settings(
        ROOT_URLCONF="service_urls",
        MIDDLEWARE=[
            *["service_metrics.django.MetricsMiddleware"] * service.times,
            "django.middleware.common.CommonMiddleware",
        ],
        SERVICE_METRICS_LABELS=service.labels,
    )

    def taken(answer: Any, content: bytes) -> Answer:
        return Answer(answer.status_code, {name.lower(): value for name, value in answer.headers.items()}, content)

    def arguments(asked: Asked) -> dict[str, Any]:
        headers = dict(asked.headers)
        return {"data": asked.body, "content_type": "text/plain", "headers": headers}

    def send(requests: list[Asked]) -> list[Answer]:
        sender, answers = Client(raise_request_exception=False), []
        for asked in requests:
            answer = sender.generic(asked.method, asked.path, **arguments(asked))
            answers.append(taken(answer, b"".join(answer)))
            answer.close()
        return answers

    async def send_async(requests: list[Asked]) -> list[Answer]:
        sender, answers = AsyncClient(raise_request_exception=False), []
        for asked in requests:
            answer = await sender.generic(asked.method, asked.path, **arguments(asked))
            content = b"".join([part async for part in answer]) if answer.streaming else answer.content
            answers.append(taken(answer, content))
            answer.close()
        return answers

    def run(requests: list[Asked]) -> list[Answer]:
        with overridden:
            return send(requests) if client == "wsgi" else asyncio.run(send_async(requests))

    return run


@pytest.fixture
def service_of_django(registry: CollectorRegistry) -> Iterator[Callable[[str], Any]]:
    """Answers a path with Django's own response object, which nobody has read or closed."""

    def broken() -> Iterator[bytes]:
        yield b"one"
        raise KeyError("lost")

    made = ModuleType("service_urls")
    made.urlpatterns = [  # type: ignore[attr-defined]
        path("streamed", lambda _: StreamingHttpResponse(iter([b"one"]))),
        path("broken-stream", lambda _: StreamingHttpResponse(broken())),
        path("file", lambda _: FileResponse(Path(__file__).with_name("test_django.py").open("rb"))),
    ]
    _configure_django(made)
    with override_settings(ROOT_URLCONF="service_urls", MIDDLEWARE=["service_metrics.django.MetricsMiddleware"]):
        handler = BaseHandler()
        handler.load_middleware()
        yield lambda path: handler.get_response(RequestFactory().get(path))


def django_wsgi(service: Service) -> Any:
    """Under WSGI."""
    return _django(service, "wsgi")


def django_asgi(service: Service) -> Any:
    """Under ASGI."""
    return _django(service, "asgi")
