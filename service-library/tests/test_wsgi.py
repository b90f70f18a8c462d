"""The WSGI middleware and the page on bare WSGI, held to PEP 3333 on both sides by wsgiref's validator."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest
from prometheus_client import CollectorRegistry

from service_metrics.settings import Settings
from service_metrics.wsgi import MetricsMiddleware, metrics_app

TEXT = ("Content-Type", "text/plain")


@pytest.fixture
def registry(backend: SimpleNamespace) -> CollectorRegistry:
    return CollectorRegistry()


def samples(registry: CollectorRegistry, name: str) -> dict[tuple[str, ...], float]:
    return {
        tuple(sample.labels.values()): sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == name
    }


def of_path(environ: dict[str, Any]) -> str:
    return str(environ["PATH_INFO"])


def measured(app: Any, registry: CollectorRegistry, **settings: Any) -> Any:
    return validator(MetricsMiddleware(validator(app), of_path, settings=Settings(**settings), registry=registry))


def environ_of(path: str = "/", method: str = "GET", **more: str) -> dict[str, Any]:
    environ: dict[str, Any] = {
        "PATH_INFO": path,
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
        **more,
    }
    setup_testing_defaults(environ)
    return environ


class Server:
    """What a server does with an application, in steps that a test can stop between."""

    def __init__(self) -> None:
        self.started: list[tuple[str, list[tuple[str, str]]]] = []
        self.written: list[bytes] = []

    def start_response(self, status: str, headers: list[tuple[str, str]], *_: Any) -> Callable[[bytes], Any]:
        self.started.append((status, headers))
        return self.written.append

    def answer(self, app: Any, environ: dict[str, Any]) -> bytes:
        body = app(environ, self.start_response)
        try:
            return b"".join(self.written) + b"".join(body)
        finally:
            body.close()


def text(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [TEXT])
    return [b"hello"]


def test_a_whole_body_counts_before_the_server_has_it(registry: CollectorRegistry) -> None:
    app = MetricsMiddleware(text, of_path, settings=Settings(), registry=registry)
    assert app(environ_of("/a"), Server().start_response) == [b"hello"], (
        "servers take the Content-Length from a list of one"
    )
    assert samples(registry, "http_requests_total") == {("/a", "GET", "200"): 1}
    assert samples(registry, "http_response_size_bytes_sum") == {("/a",): 5}
    assert samples(registry, "http_requests_in_progress") == {(): 0}


def test_pep_3333_is_kept(registry: CollectorRegistry) -> None:
    server = Server()
    assert server.answer(measured(text, registry), environ_of("/a", CONTENT_LENGTH="7")) == b"hello"
    assert server.started == [("200 OK", [TEXT])]
    assert samples(registry, "http_request_size_bytes_sum") == {("/a",): 7}


def test_a_stream_stays_one_and_its_duration_ends_with_it(
    registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(now=10.0)
    monkeypatch.setattr("service_metrics.http_recorder.perf_counter", lambda: clock.now)
    made: list[bytes] = []

    def stream(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [TEXT])
        for part in (b"one", b"two"):
            made.append(part)
            yield part

    body = iter(measured(stream, registry)(environ_of("/a"), Server().start_response))
    assert made == []
    assert (next(body), made) == (b"one", [b"one"])
    clock.now += 3
    assert next(body) == b"two"
    assert samples(registry, "http_requests_total") == {}
    assert samples(registry, "http_requests_in_progress") == {(): 1}
    assert next(body, None) is None
    clock.now += 1000
    body.close()
    assert samples(registry, "http_request_duration_seconds_sum") == {("/a", "GET"): 3.0}
    assert samples(registry, "http_response_size_bytes_sum") == {("/a",): 6}


def test_with_a_content_length_it_counts_before_the_client_has_the_last_part(registry: CollectorRegistry) -> None:
    def stream(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [TEXT, ("content-length", "6")])
        yield b"one"
        yield b"two"

    body = iter(measured(stream, registry)(environ_of("/a"), Server().start_response))
    next(body)
    assert samples(registry, "http_requests_total") == {}
    assert next(body) == b"two"
    assert samples(registry, "http_requests_total") == {("/a", "GET", "200"): 1}
    body.close()


@pytest.mark.parametrize("parts_taken", [0, 1])
def test_a_client_that_leaves(registry: CollectorRegistry, parts_taken: int) -> None:
    closed: list[bool] = []

    class Parts:
        def __iter__(self) -> Iterator[bytes]:
            return iter([b"one", b"two"])

        def close(self) -> None:
            closed.append(True)

    def stream(environ: Any, start_response: Any) -> Iterable[bytes]:
        start_response("206 Partial Content", [TEXT])
        return Parts()

    body = MetricsMiddleware(stream, of_path, settings=Settings(), registry=registry)(
        environ_of("/a"), Server().start_response
    )
    for _ in range(parts_taken):
        next(iter(body))
    body.close()  # type: ignore[attr-defined]
    assert closed == [True]
    assert samples(registry, "http_requests_total") == {("/a", "GET", "206"): 1}
    assert samples(registry, "http_requests_in_progress") == {(): 0}


def raises_at_once(environ: Any, start_response: Any) -> list[bytes]:
    raise KeyError("lost")


def raises_after_the_start(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [TEXT])
    raise KeyError("lost")


def raises_in_the_body(environ: Any, start_response: Any) -> Iterator[bytes]:
    start_response("200 OK", [TEXT])
    yield b"one"
    raise KeyError("lost")


def raises_before_the_start(environ: Any, start_response: Any) -> Iterator[bytes]:
    if environ:
        raise KeyError("lost")
    yield b""


@pytest.mark.parametrize("app", [raises_at_once, raises_after_the_start, raises_in_the_body, raises_before_the_start])
def test_exceptions_count_as_500_and_go_on(registry: CollectorRegistry, app: Any) -> None:
    with pytest.raises(KeyError, match="lost"):
        Server().answer(measured(app, registry), environ_of("/a"))
    assert samples(registry, "http_requests_total") == {("/a", "GET", "500"): 1}
    assert samples(registry, "http_requests_in_progress") == {(): 0}


def test_an_application_that_changes_its_mind(registry: CollectorRegistry) -> None:
    seen: list[Any] = []

    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [TEXT])
        try:
            raise KeyError("lost")
        except KeyError as error:
            start_response("503 Service Unavailable", [TEXT], (KeyError, error, error.__traceback__))
        return [b"sorry"]

    def start_response(status: str, headers: Any, *exc_info: Any) -> Any:
        seen.append((status, *[type(info[1]) for info in exc_info]))
        return seen.append

    MetricsMiddleware(app, of_path, settings=Settings(), registry=registry)(environ_of("/a"), start_response)
    assert seen == [("200 OK",), ("503 Service Unavailable", KeyError)]
    assert samples(registry, "http_requests_total") == {("/a", "GET", "503"): 1}


def test_a_server_that_refuses_to_start(registry: CollectorRegistry) -> None:
    def refuse(status: str, headers: Any, exc_info: Any = None) -> Any:
        raise AssertionError("headers already set")

    app = MetricsMiddleware(text, of_path, settings=Settings(), registry=registry)
    with pytest.raises(AssertionError, match="already set"):
        app(environ_of("/a"), refuse)
    assert samples(registry, "http_requests_total") == {("/a", "GET", "500"): 1}


def test_write_is_counted(registry: CollectorRegistry) -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        write = start_response("200 OK", [TEXT])
        write(b"written ")
        return [b"returned"]

    assert Server().answer(measured(app, registry), environ_of("/a")) == b"written returned"
    assert samples(registry, "http_response_size_bytes_sum") == {("/a",): 16}


def test_two_middlewares_around_each_other_count_once(registry: CollectorRegistry) -> None:
    Server().answer(measured(measured(text, registry), registry), environ_of("/a"))
    assert samples(registry, "http_requests_total") == {("/a", "GET", "200"): 1}


def test_disabled_middleware_only_calls_on(registry: CollectorRegistry) -> None:
    app = MetricsMiddleware(text, of_path, settings=Settings(enabled=False), registry=registry)
    assert app(environ_of(), Server().start_response) == [b"hello"]
    assert list(registry.collect()) == []


@pytest.fixture
def switching() -> Iterator[None]:
    """Threads take turns all the time."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("switching")
def test_exact_in_threads(registry: CollectorRegistry) -> None:
    app = measured(text, registry)
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: Server().answer(app, environ_of("/a", CONTENT_LENGTH="2")), range(1000)))
    assert set(answers) == {b"hello"}
    assert samples(registry, "http_requests_total") == {("/a", "GET", "200"): 1000}
    assert samples(registry, "http_request_duration_seconds_count") == {("/a", "GET"): 1000}
    assert samples(registry, "http_request_size_bytes_sum") == {("/a",): 2000}
    assert samples(registry, "http_response_size_bytes_sum") == {("/a",): 5000}
    assert samples(registry, "http_requests_in_progress") == {(): 0}


class TestPage:
    @pytest.fixture
    def page(self, registry: CollectorRegistry, backend: SimpleNamespace) -> Any:
        backend.Counter("hits", "Hits.", registry=registry).inc(3)
        return validator(metrics_app(registry, Settings()))

    def test_get(self, page: Any) -> None:
        server = Server()
        assert b"hits_total{" in server.answer(page, environ_of())
        [(status, headers)] = server.started
        assert status == "200 OK"
        assert dict(headers)["content-type"].startswith("text/plain; version=0.0.4")

    def test_accept_headers(self, page: Any) -> None:
        server = Server()
        body = server.answer(
            page, environ_of(HTTP_ACCEPT="application/openmetrics-text; version=1.0.0", HTTP_ACCEPT_ENCODING="gzip")
        )
        headers = dict(server.started[0][1])
        assert headers["content-type"].startswith("application/openmetrics-text")
        assert headers["content-encoding"] == "gzip"
        assert int(headers["content-length"]) == len(body)

    def test_head_and_other_methods(self, page: Any) -> None:
        server = Server()
        assert server.answer(page, environ_of(method="HEAD")) == b""
        assert server.answer(page, environ_of(method="DELETE")) == b""
        assert [status for status, _ in server.started] == ["200 OK", "405 Method Not Allowed"]

    def test_disabled(self, registry: CollectorRegistry) -> None:
        server = Server()
        server.answer(metrics_app_disabled(registry), environ_of())
        assert server.started[0][0] == "404 Not Found"


def metrics_app_disabled(registry: CollectorRegistry) -> Any:
    return validator(metrics_app(registry, Settings(enabled=False)))
