"""A registry served as prometheus_client serves one, written by our renderers.

prometheus_client's own tests of these functions run too: tests/compat.
"""

from __future__ import annotations

import asyncio
import gzip
import stat
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from service_metrics import (
    CollectorRegistry,
    Counter,
    Gauge,
    Metric,
    MetricsHandler,
    generate_latest,
    make_asgi_app,
    start_http_server,
    write_to_textfile,
)
from service_metrics.openmetrics.parser import text_string_to_metric_families


@pytest.fixture
def registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    Counter("orders", "O.", registry=registry).inc(3, {"trace_id": "1"})
    Gauge("stock", "S.", registry=registry).set(7)
    return registry


@pytest.fixture
def address(registry: CollectorRegistry) -> Iterator[str]:
    server, thread = start_http_server(0, "127.0.0.1", registry)
    assert isinstance(thread, threading.Thread)
    assert thread.daemon
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def get(url: str, **headers: str) -> tuple[str, bytes]:
    request = Request(url, headers={name.replace("_", "-"): value for name, value in headers.items()})  # noqa: S310
    with urlopen(request, timeout=10) as answer:  # noqa: S310
        return answer.headers["Content-Type"], answer.read()


def test_start_http_server_serves_text_to_who_asks_for_nothing(address: str, registry: CollectorRegistry) -> None:
    assert get(address) == ("text/plain; version=0.0.4; charset=utf-8", generate_latest(registry))
    assert get(f"{address}/any/path?name[]=stock")[1] == b"# HELP stock S.\n# TYPE stock gauge\nstock 7.0\n"


def test_start_http_server_negotiates_by_quality(address: str) -> None:
    accept = "text/plain;version=0.0.4;q=0.3,application/openmetrics-text;version=1.0.0;q=0.9"
    content_type, page = get(address, Accept=accept)
    assert content_type.startswith("application/openmetrics-text; version=1.0.0")
    [orders, _] = text_string_to_metric_families(page.decode())
    exemplar = orders.samples[0].exemplar
    assert exemplar is not None
    assert exemplar.labels == {"trace_id": "1"}

    protobuf = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
    assert get(address, Accept=f"{protobuf};q=0.6,text/plain;q=0.5")[0].startswith("application/vnd.google.protobuf")


def test_start_http_server_compresses_where_it_may(address: str, registry: CollectorRegistry) -> None:
    assert gzip.decompress(get(address, Accept_Encoding="gzip")[1]) == generate_latest(registry)
    assert get(address, Accept_Encoding="gzip;q=0")[1] == generate_latest(registry)


def test_only_get_and_options_are_answered(address: str) -> None:
    with pytest.raises(HTTPError) as refused, urlopen(Request(address, method="POST"), timeout=10):  # noqa: S310
        pass
    assert (refused.value.code, refused.value.headers["Allow"]) == (405, "OPTIONS,GET")
    refused.value.close()


def test_a_handler_of_http_server_serves_a_registry(registry: CollectorRegistry) -> None:
    from http.server import HTTPServer

    with HTTPServer(("127.0.0.1", 0), MetricsHandler.factory(registry)) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        assert get(f"http://127.0.0.1:{server.server_port}/?name[]=stock")[1].endswith(b"stock 7.0\n")
        thread.join()


def test_make_asgi_app_leaves_the_event_loop_to_others(registry: CollectorRegistry) -> None:
    looped = threading.Event()

    class Waits:
        def collect(self) -> Iterable[Metric]:
            assert looped.wait(10), "the event loop stood still while a collector worked"
            return []

    registry.register(Waits())
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def main() -> None:
        asyncio.get_running_loop().call_later(0.01, looped.set)
        scope = {"type": "http", "headers": [], "query_string": b""}
        await make_asgi_app(registry)(scope, receive, send)

    asyncio.run(main())
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert sent[1]["body"] == generate_latest(registry)


def test_a_text_file_is_replaced_in_one_step_and_readable_by_others(
    registry: CollectorRegistry, tmp_path: Path
) -> None:
    target = tmp_path / "job.prom"
    write_to_textfile(str(target), registry)
    assert target.read_bytes() == generate_latest(registry)
    assert stat.S_IMODE(target.stat().st_mode) & stat.S_IRGRP

    class Fails:
        def collect(self) -> Iterable[Metric]:
            raise RuntimeError("broken")

    broken = CollectorRegistry()
    broken.register(Fails())
    with pytest.raises(RuntimeError, match="broken"):
        write_to_textfile(str(target), broken)
    assert target.read_bytes() == generate_latest(registry)
    assert list(tmp_path.iterdir()) == [target]
