"""What a scrape makes of whatever a pod may do with the request."""

from __future__ import annotations

import contextlib
import gzip
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from promotion_gate.evidence import MetricsPage
from promotion_gate.scrape import scrape

Answer = Callable[[BaseHTTPRequestHandler], None]
Serve = Callable[[Answer], str]
PAGE = b"# TYPE x gauge\nx 1\ny 2\n"


def sends(body: bytes, status: int = 200, length: int | None = None, **headers: str) -> Answer:
    """Answers with this body; `length` is what Content-Length claims."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(body)

    return answer


def raw(data: bytes) -> Answer:
    """Answers with these bytes, headers and all."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(data)

    return answer


@pytest.fixture
def hold() -> Iterator[Callable[[bytes], Answer]]:
    """Answers with these bytes and then nothing, until the test is over."""
    over = threading.Event()

    def holding(data: bytes) -> Answer:
        def answer(request: BaseHTTPRequestHandler) -> None:
            request.wfile.write(data)
            over.wait()

        return answer

    yield holding
    over.set()


def names(page: MetricsPage) -> list[str]:
    return [family.name for family in page.families]


def test_a_page(serve: Serve) -> None:
    asked: list[BaseHTTPRequestHandler] = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        asked.append(request)
        sends(PAGE)(request)

    url = serve(answer) + "/metrics"
    page = scrape("demo-0", url)
    assert (page.pod, page.how, page.source, page.status, page.fault) == ("demo-0", "pull", url, 200, "")
    assert names(page) == ["x", "y"]
    assert page.taken_at.tzinfo is not None
    (request,) = asked
    assert request.path == "/metrics"
    assert request.headers["Connection"] == "close"


def test_a_compressed_page(serve: Serve) -> None:
    assert names(scrape("p", serve(sends(gzip.compress(PAGE), Content_Encoding="gzip")))) == ["x", "y"]


@pytest.mark.parametrize("status", [204, 301, 404, 500, 503])
def test_another_status_is_no_page_whatever_its_body(status: int, serve: Serve) -> None:
    page = scrape("p", serve(sends(b"" if status == 204 else PAGE, status)))
    assert (page.status, page.families, page.fault) == (status, (), "")


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        sends(PAGE, length=len(PAGE) + 1),
        sends(PAGE[:-3], length=len(PAGE)),
        sends(b"", length=10),
        sends(PAGE[:-1]),
        sends(b"not gzip at all\n", Content_Encoding="gzip"),
        sends(gzip.compress(PAGE * 100)[:-20], Content_Encoding="gzip"),
        raw(CHUNKED + b"f\r\n# TYPE x gauge\n"),
        raw(CHUNKED + b"4\r\nx 1\n\r\n"),
        raw(CHUNKED + b"zz\r\nx 1\n\r\n0\r\n\r\n"),
    ],
    ids=["a byte", "at its end", "all", "no line feed", "no gzip", "gzip", "chunk", "after a chunk", "no chunk"],
)
def test_a_body_that_is_not_whole_is_a_fault(answer: Answer, serve: Serve) -> None:
    page = scrape("p", serve(answer))
    assert page.status == 200
    assert page.families == ()
    assert "cut off" in page.fault


def test_an_empty_body_is_a_fault(serve: Serve) -> None:
    assert scrape("p", serve(sends(b""))).fault == "the page is empty"


def test_what_is_not_utf_8_is_a_fault(serve: Serve) -> None:
    page = scrape("p", serve(sends(b'x{a="caf\xe9"} 1\n')))
    assert (page.status, page.families) == (200, ())
    assert "utf-8" in page.fault


def test_a_page_for_people_is_a_fault(serve: Serve) -> None:
    assert "does not parse" in scrape("p", serve(sends(b"<html>Sign in</html>\n"))).fault


def test_no_answer_in_time(serve: Serve, hold: Callable[[bytes], Answer]) -> None:
    page = scrape("p", serve(hold(b"")), timeout=0.05)
    assert (page.status, page.families, page.fault) == (0, (), "no answer within 0.05 s")


def test_the_time_that_is_given_counts(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("promotion_gate.scrape.TIMEOUT", -1)
    assert scrape("p", serve(sends(PAGE)), timeout=20).fault == ""


def test_no_end_in_time(serve: Serve, hold: Callable[[bytes], Answer]) -> None:
    page = scrape("p", serve(hold(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nx 1\n")), timeout=0.05)
    assert (page.status, page.families) == (200, ())
    assert "cut off" in page.fault


def test_nobody_there(closed_port: int) -> None:
    page = scrape("p", f"http://127.0.0.1:{closed_port}/metrics")
    assert (page.status, page.families, page.fault) == (0, (), "connection refused or closed")


@pytest.mark.parametrize("answer", [raw(b""), raw(b"HTTP/1.1"), raw(b"SSH-2.0-x\r\n")], ids=["nothing", "half", "ssh"])
def test_no_http_answer(answer: Answer, serve: Serve) -> None:
    page = scrape("p", serve(answer))
    assert (page.status, page.families) == (0, ())
    assert page.fault


@pytest.mark.parametrize("location", ["/", "ftp://127.0.0.1/", "http://[/", "//"])
def test_a_redirect_to_nowhere_is_a_fault_of_the_pod(location: str, serve: Serve) -> None:
    page = scrape("p", serve(sends(b"", 302, Location=location)))
    assert page.status != 200
    assert page.families == ()
    assert page.fault


def test_the_proxy_of_the_gates_environment_is_not_asked(
    serve: Serve, closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert scrape("p", serve(sends(PAGE))).status == 200


def test_a_page_that_drips_ends_in_time(serve: Serve) -> None:
    """Each byte comes well within the time-out of the connection; the page as a whole does not."""

    def drip(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        with contextlib.suppress(OSError):  # until the scrape hangs up
            while True:
                request.wfile.write(b"2\r\n# \r\n")

    page = scrape("p", serve(drip), timeout=0.3)
    assert page.fault == "no answer within 0.3 s"
    assert page.families == ()


def test_when_it_arrived_is_known(serve: Serve) -> None:
    page = scrape("p", serve(sends(PAGE)))
    assert page.received_at is not None
    assert page.received_at >= page.taken_at
