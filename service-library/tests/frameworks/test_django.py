"""What is only so on Django."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

pytest_plugins = ["http_services"]


def samples(registry: CollectorRegistry, name: str) -> dict[tuple[str, ...], float]:
    return {
        tuple(sample.labels.values()): sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == name
    }


class TestDjango:
    @pytest.fixture
    def serve(self, service_of_django: Any) -> Any:
        return service_of_django

    def test_a_stream_that_is_closed_before_it_begins(self, serve: Any, registry: CollectorRegistry) -> None:
        answer = serve("/streamed")
        assert samples(registry, "http_requests_in_progress") == {(): 1}
        answer.close()
        assert samples(registry, "http_requests_total") == {("/streamed", "GET", "200"): 1}
        assert samples(registry, "http_requests_in_progress") == {(): 0}

    def test_a_stream_that_raises(self, serve: Any, registry: CollectorRegistry) -> None:
        with pytest.raises(KeyError, match="lost"):
            list(serve("/broken-stream"))
        assert samples(registry, "http_requests_total") == {("/broken-stream", "GET", "500"): 1}

    def test_a_file_is_left_to_the_server(self, serve: Any, registry: CollectorRegistry) -> None:
        answer = serve("/file")
        assert answer.file_to_stream is not None
        answer.close()
        assert samples(registry, "http_response_size_bytes_sum") == {("/file",): float(Path(__file__).stat().st_size)}

    @pytest.mark.usefixtures("serve")
    def test_a_client_that_leaves_before_the_response(self, registry: CollectorRegistry) -> None:
        from django.test import RequestFactory  # type: ignore[import-untyped]

        from service_metrics.django import MetricsMiddleware

        async def cancelled(request: Any) -> Any:  # as Django's ASGI handler does on a disconnect
            request.resolver_match = SimpleNamespace(route="hold")
            raise asyncio.CancelledError

        async def main() -> None:
            await MetricsMiddleware(cancelled)(RequestFactory().get("/hold"))

        with pytest.raises(asyncio.CancelledError):
            asyncio.run(main())
        assert samples(registry, "http_requests_total") == {("/hold", "GET", "499"): 1}
        assert samples(registry, "http_requests_in_progress") == {(): 0}
