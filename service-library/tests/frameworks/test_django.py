"""What is only so on Django."""

from __future__ import annotations

from pathlib import Path
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
