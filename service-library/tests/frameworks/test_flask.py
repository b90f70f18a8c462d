"""What is only so on Flask."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import flask
import pytest
from prometheus_client import CollectorRegistry

import service_metrics.aiohttp
import service_metrics.fastapi
import service_metrics.flask
import service_metrics.tornado

pytest_plugins = ["http_services"]


def samples(registry: CollectorRegistry, name: str) -> dict[tuple[str, ...], float]:
    return {
        tuple(sample.labels.values()): sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == name
    }


class TestFlask:
    @pytest.fixture
    def app(self) -> flask.Flask:
        return flask.Flask("service")

    def test_labels_see_the_request_and_g(self, app: flask.Flask, registry: CollectorRegistry) -> None:
        @app.get("/items/<item_id>")
        def item(item_id: str) -> str:
            flask.g.tenant = item_id
            return "item"

        labels = {"path": lambda request: request.path, "tenant": lambda _: flask.g.tenant}
        service_metrics.flask.instrument(app, labels=labels)
        app.test_client().get("/items/a")
        assert samples(registry, "http_requests_total") == {("/items/<item_id>", "GET", "200", "/items/a", "a"): 1}

    def test_an_exception_that_flask_lets_through(self, app: flask.Flask, registry: CollectorRegistry) -> None:
        @app.get("/broken")
        def broken() -> str:
            raise KeyError("lost")

        app.testing = True
        service_metrics.flask.instrument(app, labels={"path": lambda request: request.path})
        with pytest.raises(KeyError, match="lost"):
            app.test_client().get("/broken")
        assert samples(registry, "http_requests_total") == {("/broken", "GET", "500", "/broken"): 1}

    def test_a_stream_with_context_that_is_left(self, app: flask.Flask, registry: CollectorRegistry) -> None:
        @app.get("/streamed")
        def streamed() -> Any:
            def parts() -> Iterator[str]:
                while True:
                    yield flask.request.path

            return flask.stream_with_context(parts())

        service_metrics.flask.instrument(app)
        answer = app.test_client().get("/streamed")
        assert next(answer.iter_encoded()) == b"/streamed"
        assert samples(registry, "http_requests_in_progress") == {(): 1}
        answer.close()
        assert samples(registry, "http_requests_total") == {("/streamed", "GET", "200"): 1}
        assert samples(registry, "http_requests_in_progress") == {(): 0}
