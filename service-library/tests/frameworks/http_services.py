"""The same small service on every framework, each instrumented in its documented way; a plugin of pytest."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from on_aiohttp import aiohttp
from on_asgi import asgi_client, fastapi, starlette
from on_django import django_asgi, django_wsgi, service_of_django
from on_flask import flask
from on_tornado import tornado
from prometheus_client import CollectorRegistry
from service_under_test import Answer, Asked, Service

__all__ = ["asked", "get", "registry", "service", "service_of_django"]

BRACES = {"item": "/items/{item_id}", "created": "/items", "mounted": "/mounted/things/{thing}"}
FLASK = {"item": "/items/<item_id>", "created": "/items", "mounted": "/mounted/things/<int:thing>"}
DJANGO = {"item": "/items/<str:item_id>", "created": "/items", "mounted": r"/mounted/things/(?P<thing>\w+)"}
TORNADO = {"item": r"/items/(\w+)", "created": "/items", "mounted": r"/mounted/things/(\w+)"}
SERVICES = {
    "starlette": (starlette, BRACES),
    "fastapi": (fastapi, BRACES),
    "flask": (flask, FLASK),
    "django, wsgi": (django_wsgi, DJANGO),
    "django, asgi": (django_asgi, DJANGO),
    "aiohttp": (aiohttp, BRACES),
    "tornado": (tornado, TORNADO),
}


@pytest.fixture
def registry(backend: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> CollectorRegistry:
    """Stands in for REGISTRY, which every test would otherwise share."""
    made = CollectorRegistry()
    monkeypatch.setattr("service_metrics.http_recorder.REGISTRY", made)
    monkeypatch.setattr("service_metrics.page.REGISTRY", made)
    return made


@pytest.fixture(params=list(SERVICES))
def service(request: pytest.FixtureRequest, registry: CollectorRegistry) -> Service:
    """The service, once on every framework."""
    build, templates = SERVICES[request.param]
    return Service(request.param, templates, build)


@pytest.fixture
def asked() -> type[Asked]:
    """What a test sends."""
    return Asked


@pytest.fixture
def get() -> Callable[..., list[Answer]]:
    """Sends GET requests to an ASGI application."""
    return lambda app, *paths: asgi_client(app)([Asked("GET", path) for path in paths])
