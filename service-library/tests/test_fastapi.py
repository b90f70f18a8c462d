"""`instrument(app)` on FastAPI and Starlette, configured by the environment."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from service_metrics.fastapi import instrument
from service_metrics.settings import SettingsError


@pytest.fixture
def registry(backend: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> CollectorRegistry:
    """Stands in for REGISTRY, which every test would otherwise share."""
    made = CollectorRegistry()
    monkeypatch.setattr("service_metrics.http_recorder.REGISTRY", made)
    monkeypatch.setattr("service_metrics.page.REGISTRY", made)
    return made


def get(app: Any, *paths: str) -> list[httpx.Response]:
    async def main() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return [await client.get(path) for path in paths]

    return asyncio.run(main())


def counted(registry: CollectorRegistry) -> dict[tuple[str, ...], float]:
    return {
        (sample.labels["handler"], sample.labels["status"]): sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == "http_requests_total"
    }


@pytest.fixture
def app() -> FastAPI:
    made = FastAPI()

    @made.get("/items/{item_id}")
    async def read(item_id: int) -> int:
        return item_id

    return made


def test_metrics_of_a_fastapi_application(app: FastAPI, registry: CollectorRegistry) -> None:
    instrument(app)
    *answers, page = get(app, "/items/1", "/items/2", "/items/x", "/nowhere", "/docs", "/metrics")
    assert [answer.status_code for answer in answers] == [200, 200, 422, 404, 200]
    assert counted(registry) == {
        ("/items/{item_id}", "200"): 2,
        ("/items/{item_id}", "422"): 1,
        ("/docs", "200"): 1,
    }
    assert 'http_requests_total{handler="/items/{item_id}",method="GET",service_instance_id="' in page.text
    # the page's own request is not in progress on it
    in_progress = next(line for line in page.text.splitlines() if line.startswith("http_requests_in_progress{"))
    assert in_progress.endswith(" 0.0")


def test_included_routers_count_under_their_whole_template(app: FastAPI, registry: CollectorRegistry) -> None:
    inner, outer, mounted = APIRouter(), APIRouter(prefix="/outer"), FastAPI()

    @inner.get("/things/{thing}")
    def thing(thing: str) -> str:
        return thing

    mounted.include_router(inner, prefix="/in-mount")
    outer.include_router(inner, prefix="/inner/{which}")
    app.include_router(outer, prefix="/v1")
    app.include_router(inner)
    app.mount("/mounted/{tenant}", mounted)
    instrument(app)
    answers = get(app, "/v1/outer/inner/w/things/a", "/things/b", "/mounted/t/in-mount/things/c", "/v1/outer/things/a")
    assert [answer.status_code for answer in answers] == [200, 200, 200, 404]
    assert counted(registry) == {
        ("/v1/outer/inner/{which}/things/{thing}", "200"): 1,
        ("/things/{thing}", "200"): 1,
        ("/mounted/{tenant}/in-mount/things/{thing}", "200"): 1,
    }


def test_a_handler_that_raises(app: FastAPI, registry: CollectorRegistry) -> None:
    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError

    instrument(app)
    assert get(app, "/broken")[0].status_code == 500
    assert counted(registry) == {("/broken", "500"): 1}


def test_the_page_comes_before_a_catch_all(registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRICS_PATH", "/internal/metrics")
    app = FastAPI()

    @app.get("/{path:path}")
    def everything(path: str) -> str:
        return path

    instrument(app)
    page, other = get(app, "/internal/metrics", "/metrics")
    assert "# TYPE http_requests_total counter" in page.text
    assert other.json() == "metrics"
    assert "/internal/metrics" not in app.openapi()["paths"]


def test_exclusions_and_custom_labels_come_from_the_environment(
    app: FastAPI, registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METRICS_EXCLUDED_HANDLERS", "/items/.*")
    monkeypatch.setenv("CUSTOM_LABELS", "service=shop,environment=test")
    instrument(app)
    _, page = get(app, "/items/1", "/metrics")
    assert counted(registry) == {}
    series = [line for line in page.text.splitlines() if not line.startswith("#")]
    assert series
    assert all('environment="test"' in line and 'service="shop"' in line for line in series)


def test_disabled_adds_nothing(
    app: FastAPI, registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch, meeting_place: Any
) -> None:
    monkeypatch.setenv("PROMETHEUS_METRICS_ENABLE", "false")
    before = list(app.routes)
    instrument(app)
    assert app.user_middleware == []
    assert app.routes == before
    assert [answer.status_code for answer in get(app, "/items/1", "/metrics")] == [200, 404]
    assert list(registry.collect()) == []
    assert list(meeting_place.iterdir()) == []


def test_instrumenting_twice_counts_once(app: FastAPI, registry: CollectorRegistry) -> None:
    instrument(app)
    instrument(app)
    get(app, "/items/1")
    assert counted(registry) == {("/items/{item_id}", "200"): 1}


def test_starlette(registry: CollectorRegistry) -> None:
    async def hello(request: Any) -> PlainTextResponse:
        return PlainTextResponse("hello")

    app = Starlette(routes=[Route("/hello/{name}", hello)])
    instrument(app)
    _, page = get(app, "/hello/ann", "/metrics")
    assert counted(registry) == {("/hello/{name}", "200"): 1}
    assert 'handler="/hello/{name}"' in page.text


def test_bad_environment_is_told_at_once(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUSTOM_LABELS", "team")
    with pytest.raises(SettingsError, match=r"^CUSTOM_LABELS contains 'team'"):
        instrument(app)
