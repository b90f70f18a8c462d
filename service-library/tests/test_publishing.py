"""`publish()` chooses push, pull or nothing, and the page of a consumer is served."""

from __future__ import annotations

import gzip
import http.client
import socket
from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter

from service_metrics import publish
from service_metrics.page import Page
from service_metrics.page_server import PageServer
from service_metrics.settings import Settings, SettingsError


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(port: int, path: str, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


def test_pull(free_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRICS_PORT", str(free_port))
    with publish() as publication:
        assert (publication.delivery, publication.port) == ("pull", free_port)
        answer, body = get(free_port, "/metrics?any=query")
        assert answer.status == 200
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert b"# TYPE process_resident_memory_bytes gauge\n" in body
        assert get(free_port, "/other")[0].status == 404
        packed, body = get(free_port, "/metrics", **{"Accept-Encoding": "gzip"})
        assert packed.headers["content-encoding"] == "gzip"
        assert b"python_info{" in gzip.decompress(body)
    with pytest.raises(ConnectionRefusedError):
        get(free_port, "/metrics")
    publish().close()  # the port is free again


def test_push_needs_both_backend_and_endpoint(free_port: int, collector: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRICS_PORT", str(free_port))
    with publish() as publication:  # the endpoint alone
        assert publication.delivery == "pull"
    monkeypatch.setenv("PROMETHEUS_BACKEND", "otel")
    with publish() as publication:
        assert (publication.delivery, publication.port) == ("push", None)
    assert collector.requests.qsize() > 0
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT")
    with publish() as publication:
        assert publication.delivery == "pull"


def test_disabled_does_nothing(monkeypatch: pytest.MonkeyPatch, meeting_place: Any) -> None:
    monkeypatch.setenv("PROMETHEUS_METRICS_ENABLE", "false")
    with publish() as publication:
        assert (publication.delivery, publication.port) == ("off", None)
    assert list(meeting_place.iterdir()) == []


def test_without_a_way_out_the_service_runs_and_is_told(meeting_place: Any, caplog: pytest.LogCaptureFixture) -> None:
    with publish() as publication:
        assert (publication.delivery, publication.port) == ("off", None)
    assert "set METRICS_PORT to serve the page" in caplog.text
    assert list(meeting_place.iterdir()) == []


def test_a_taken_port_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setenv("METRICS_PORT", str(port))
        with pytest.raises(SettingsError, match=rf"^METRICS_PORT is {port}, which cannot be listened on \(.*\)\.$"):
            publish()


def test_a_collector_that_raises_is_a_500_and_a_log_line(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def collect(self) -> list[Any]:
            raise RuntimeError("no")

    registry = CollectorRegistry()
    registry.register(Broken())
    server = PageServer(Page(registry, Settings()), 0)
    try:
        assert get(server.port, "/metrics")[0].status == 500
    finally:
        server.close()
    assert "The metrics page could not be rendered" in caplog.text


def test_a_forked_child_is_on_its_parents_page_and_gives_up_the_port(python: Callable[..., str]) -> None:
    script = """
        import http.client, os, socket
        import service_metrics
        counter = service_metrics.Counter("done", "D.")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0)); port = probe.getsockname()[1]
        os.environ["METRICS_PORT"] = str(port)
        publication = service_metrics.publish()
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            counter.inc(3)
            publication.close()  # the parent's, so nothing happens
            os.read(reader, 1)
            os._exit(0)
        def page():
            connection = http.client.HTTPConnection("127.0.0.1", port); connection.request("GET", "/metrics")
            return connection.getresponse().read().decode()
        while f"-pid-{pid}" not in (found := page()):
            pass
        publication.close()
        try:
            page()
        except ConnectionRefusedError:
            print("refused")
        os.write(writer, b"1"); os.waitpid(pid, 0)
    """
    assert python(script, PROMETHEUS_BACKEND="otel").strip() == "refused"


def test_the_page_server_serves_what_it_is_given() -> None:
    registry = CollectorRegistry()
    Counter("mine", "M.", registry=registry).inc()
    server = PageServer(Page(registry, Settings(path="/elsewhere")), 0)
    try:
        assert b"mine_total{" in get(server.port, "/elsewhere")[1]
    finally:
        server.close()
