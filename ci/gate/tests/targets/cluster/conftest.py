"""A cluster's API in miniature: it keeps objects by their path and answers as an API server does, over HTTP, to the real client."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from chart_harness.clusters.cluster import Cluster

NAMESPACES = "/api/v1/namespaces"


@dataclass
class FakeApi:
    """Objects by path, and what was asked. Tests change both while it serves."""

    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    """`METHOD path` of every request, in order."""
    refuses: dict[str, int] = field(default_factory=dict)
    """Status by `METHOD path`, for requests that are refused."""
    answers: dict[str, Callable[[dict[str, list[str]]], dict[str, Any]]] = field(default_factory=dict)
    """What answers a GET of a path, by its query, instead of an object."""
    queries: list[tuple[str, dict[str, list[str]]]] = field(default_factory=list)
    """The path and query of each request, in order."""
    before: Callable[[str], None] = lambda _: None
    """Called with each request before it is answered."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def namespaces(self) -> list[str]:
        """Those that were created."""
        return [
            path.removeprefix(f"{NAMESPACES}/")
            for path in self.objects
            if path.count("/") == NAMESPACES.count("/") + 1 and not path.endswith("/kube-system")
        ]

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: dict[str, Any]) -> tuple[int, Any]:
        with self.lock:
            self.asked.append(f"{method} {path}")
            self.queries.append((path, query))
        self.before(f"{method} {path}")
        with self.lock:
            if status := self.refuses.get(f"{method} {path}"):
                return status, {"message": "no"}
            known = {
                "GET": self._get,
                "POST": self._post,
                "PUT": self._put,
                "DELETE": self._delete,
                "PATCH": self._patch,
            }
            return known[method](path, query, body)

    def _get(self, path: str, query: dict[str, list[str]], _body: dict[str, Any]) -> tuple[int, Any]:
        if path in self.answers:
            return 200, self.answers[path](query)
        if path in self.objects:
            return 200, self.objects[path]
        if path.rpartition("/")[2] not in {"namespaces", "pods", "replicasets", "networkpolicies"}:
            return 404, {"message": "not found"}
        selector = query.get("labelSelector", [""])[0]
        items = [
            item
            for key, item in list(self.objects.items())  # a test may put one meanwhile
            if key.rpartition("/")[0] == path and _selected(selector, item["metadata"].get("labels") or {})
        ]
        return 200, {"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": items}

    def _post(self, path: str, _query: dict[str, list[str]], body: dict[str, Any]) -> tuple[int, Any]:
        key = f"{path}/{body['metadata']['name']}"
        if key in self.objects:
            return 409, {"message": "exists"}
        self.objects[key] = {"apiVersion": "v1", "kind": "Object", **body}
        return 201, self.objects[key]

    def _put(self, path: str, _query: dict[str, list[str]], body: dict[str, Any]) -> tuple[int, Any]:
        if path not in self.objects:
            return 404, {"message": "not found"}
        self.objects[path] = {"apiVersion": "v1", "kind": "Object", **body}
        return 200, self.objects[path]

    def _delete(self, path: str, _query: dict[str, list[str]], _body: dict[str, Any]) -> tuple[int, Any]:
        if path not in self.objects:
            return 404, {"message": "not found"}
        return 200, self.objects.pop(path)

    def _patch(self, path: str, _query: dict[str, list[str]], body: dict[str, Any]) -> tuple[int, Any]:
        if path not in self.objects:
            return 404, {"message": "not found"}
        self.objects[path]["metadata"].setdefault("annotations", {}).update(body["metadata"]["annotations"])
        return 200, self.objects[path]


def _selected(selector: str, labels: dict[str, str]) -> bool:
    """Whether `key` or `key=value` holds, of each part."""
    parts = [part.partition("=") for part in selector.split(",") if part]
    return all(key in labels and (not equals or labels[key] == value) for key, equals, value in parts)


@pytest.fixture
def api() -> FakeApi:
    return FakeApi()


@pytest.fixture
def cluster(api: FakeApi, tmp_path: Path) -> Iterator[Cluster]:
    """A cluster whose API is `api`."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            url = urlsplit(self.path)
            text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, found = api.answer(self.command, url.path, parse_qs(url.query), json.loads(text or b"{}"))
            document = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(document)))
            self.end_headers()
            self.wfile.write(document)

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _answer

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    named = {
        "clusters": [{"name": "fake", "cluster": {"server": f"http://127.0.0.1:{server.server_address[1]}"}}],
        "users": [{"name": "nobody", "user": {}}],
        "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "nobody"}}],
    }
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(json.dumps({"apiVersion": "v1", "kind": "Config", "current-context": "fake", **named}))
    yield Cluster("fake", kubeconfig, "fake")
    server.shutdown()
    server.server_close()
