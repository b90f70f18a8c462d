"""An API server small enough to see whole: it answers the client's real requests with what a test has laid ready."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from chart_harness.clusters.cluster import Cluster

BREAK = "break"
"""In place of an event: the connection ends in the middle of one."""


class Api:
    """What the server answers. `lists` and `watches` hold, for each plural, the answers to one request after the other.

    The last list is given again when there are no more. A watch without events ends at once, as at its server-side time-out.
    """

    def __init__(self) -> None:
        self.lists: dict[str, list[dict[str, Any] | int]] = {}
        self.watches: dict[str, list[list[Any]]] = {}
        self.requests: list[str] = []
        self.lock = threading.Lock()
        self.url = ""

    def take_list(self, plural: str) -> dict[str, Any] | int:
        with self.lock:
            answers = self.lists[plural]
            return answers.pop(0) if len(answers) > 1 else answers[0]

    def take_watch(self, plural: str) -> list[Any]:
        with self.lock:
            answers = self.watches.get(plural) or [[]]
            return answers.pop(0)


def listing(*items: dict[str, Any], version: str = "1") -> dict[str, Any]:
    """A list of objects, as of this version."""
    return {"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": version}, "items": list(items)}


def pod(name: str, version: str = "1", **status: Any) -> dict[str, Any]:
    """A pod with this status."""
    return {"metadata": {"name": name, "namespace": "test", "resourceVersion": version}, "status": status}


def event(change: str, item: dict[str, Any]) -> dict[str, Any]:
    """One line of a watch."""
    return {"type": change, "object": item}


GONE = event("ERROR", {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"})


@pytest.fixture
def api() -> Iterator[Api]:
    state = Api()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            state.requests.append(self.path)
            plural = url.path.rstrip("/").rpartition("/")[2]
            if "watch" in parse_qs(url.query):
                self.answer_watch(state.take_watch(plural))
            else:
                found = state.take_list(plural)
                self.answer(found if isinstance(found, int) else 200, found if isinstance(found, dict) else {})

        def answer(self, status: int, body: dict[str, Any]) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def answer_watch(self, events: list[Any]) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for item in events:
                if item == BREAK:
                    self.wfile.write(b'ff\r\n{"type":')
                    self.close_connection = True
                    return
                if isinstance(item, threading.Event):
                    item.wait(10)
                    continue
                line = json.dumps(item).encode() + b"\n"
                self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    yield state
    server.shutdown()
    server.server_close()


@pytest.fixture
def cluster(api: Api, tmp_path: Path) -> Cluster:
    """A cluster whose API server is `api`."""
    return at(api.url, tmp_path)


def at(url: str, folder: Path) -> Cluster:
    """A cluster whose kubeconfig names this API server."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "fake", "cluster": {"server": url}}],
        "users": [{"name": "fake", "user": {}}],
        "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "fake"}}],
    }
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(document))
    return Cluster("fake", path, "fake")


@pytest.fixture
def kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """`kubectl("echo hello")`: kubectl is a shell script of these lines."""

    def install(script: str) -> None:
        path = tmp_path / "kubectl"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setenv("KUBECTL", str(path))

    return install
