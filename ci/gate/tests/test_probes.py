"""One run of a probe: what succeeds, and the clause for what does not."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from promotion_gate.targets.embedded.probes import ProbeRunner
from promotion_gate.workload import Probe

Serve = Callable[[Callable[[BaseHTTPRequestHandler], None]], str]
PORT = 8080
"""The container's."""


def runner(directory: Path, url: str | int = 0) -> ProbeRunner:
    port = url if isinstance(url, int) else urlsplit(url).port
    return ProbeRunner({"WORD": "abc"}, directory, {PORT: port or 0})


def status(code: int, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(code if request.path == "/health" else 404)
        for name, value in {"Content-Length": "0", **headers}.items():
            request.send_header(name, value)
        request.end_headers()

    return answer


@pytest.fixture
def silence() -> Iterator[Callable[[BaseHTTPRequestHandler], None]]:
    over = threading.Event()

    def answer(_request: BaseHTTPRequestHandler) -> None:
        over.wait()

    yield answer
    over.set()


GET = Probe(path="/health", port=PORT, timeout=10)


@pytest.mark.parametrize("code", [200, 204, 302, 399])
def test_http_success(code: int, serve: Serve, tmp_path: Path) -> None:
    assert runner(tmp_path, serve(status(code))).failure(GET) == ""


@pytest.mark.parametrize("code", [400, 404, 500, 503])
def test_http_failure(code: int, serve: Serve, tmp_path: Path) -> None:
    assert runner(tmp_path, serve(status(code))).failure(GET) == f"GET /health answers {code}"


def test_a_redirect_is_followed(serve: Serve, tmp_path: Path) -> None:
    there = serve(status(503))
    assert "answers 503" in runner(tmp_path, serve(status(301, Location=f"{there}/health"))).failure(GET)


@pytest.mark.parametrize("location", ["/health", "http://[/", "ftp://x/"])
def test_a_redirect_to_nowhere(location: str, serve: Serve, tmp_path: Path) -> None:
    assert runner(tmp_path, serve(status(302, Location=location))).failure(GET).startswith("GET /health: ")


def test_nobody_there(closed_port: int, tmp_path: Path) -> None:
    assert runner(tmp_path, closed_port).failure(GET) == "GET /health: connection refused or closed"


def test_no_answer(serve: Serve, silence: Callable[[BaseHTTPRequestHandler], None], tmp_path: Path) -> None:
    probe = Probe(path="/health", port=PORT, timeout=0.05)
    assert runner(tmp_path, serve(silence)).failure(probe) == "GET /health has no answer within 0.05 s"


def test_the_proxy_of_the_gates_environment_is_not_asked(
    serve: Serve, closed_port: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert runner(tmp_path, serve(status(200))).failure(GET) == ""


def script(text: str, timeout: float = 10) -> Probe:
    return Probe(command=(sys.executable, "-c", text), timeout=timeout)


def test_a_command_that_succeeds_in_the_pods_environment_and_folder(tmp_path: Path) -> None:
    text = "import os, pathlib; assert os.environ['WORD'] == 'abc'; pathlib.Path('here').touch()"
    assert runner(tmp_path).failure(script(text)) == ""
    assert (tmp_path / "here").exists()


def test_a_command_does_not_read_the_gates_input(tmp_path: Path) -> None:
    terminal, ours = os.pipe(), os.dup(0)
    os.write(terminal[1], b"typed\n")
    os.dup2(terminal[0], 0)
    try:
        assert "EOFError" in runner(tmp_path).failure(script("input()"))
    finally:
        os.dup2(ours, 0)
        for descriptor in (*terminal, ours):
            os.close(descriptor)


def test_a_command_that_fails_says_why(tmp_path: Path) -> None:
    failure = runner(tmp_path).failure(script("import sys; sys.exit('the heartbeat is 20 s old')"))
    assert failure.endswith("exits 1: the heartbeat is 20 s old")


def test_a_command_that_hangs(tmp_path: Path) -> None:
    failure = runner(tmp_path).failure(script("import threading; threading.Event().wait()", timeout=0.05))
    assert failure.endswith("took more than 0.05 s")


def test_a_command_that_is_not_there(tmp_path: Path) -> None:
    assert runner(tmp_path).failure(Probe(command=("no-such-command",))).startswith("no-such-command does not start")
