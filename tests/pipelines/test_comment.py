"""The comment's script, against a forge in miniature on this host."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from promotion_gate.reporters import json_report
from tests.pipelines.conftest import Clone
from tests.pipelines.proving import proved

TOKEN = f"token-{uuid.uuid4().hex}"


class Forge(ThreadingHTTPServer):
    """Answers as GitHub does to one who has written no comment yet, and keeps what is written."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.written: list[tuple[str, str, str]] = []
        """Path, token and body of each."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answer(BaseHTTPRequestHandler):
    server: Forge

    def do_GET(self) -> None:
        self._answer(200, {"id": 7} if self.path == "/user" else [])

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["body"]
        self.server.written.append((self.path, str(self.headers["Authorization"]), body))
        self._answer(201, {"id": 1})

    def _answer(self, status: int, document: Any) -> None:
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


@pytest.fixture
def forge() -> Iterator[Forge]:
    server = Forge()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_each_verdict_is_one_comment(clone: Clone, forge: Forge) -> None:
    for service, outcome in (("aaa-api", "+"), ("archive-tagger", "-")):
        json_report.write(proved(clone, service, outcome), clone.root / "build" / "gate" / service / "verdict.json")
    done = clone.script(
        "comment.sh", FORGE="github", MERGE_REQUEST="platform/fleet#7", GITHUB_TOKEN=TOKEN, GITHUB_API_URL=forge.url
    )
    assert done.code == 0, done.output
    assert [path for path, _, _ in forge.written] == ["/repos/platform/fleet/issues/7/comments"] * 2
    assert {token for _, token, _ in forge.written} == {f"Bearer {TOKEN}"}
    api, tagger = (body for _, _, body in forge.written)
    assert "aaa-api" in api
    assert "PASS" in api
    assert "archive-tagger" in tagger
    assert "FAIL" in tagger
    assert TOKEN not in done.output


def test_a_forge_that_does_not_answer_fails_the_job(clone: Clone) -> None:
    json_report.write(proved(clone, "aaa-api"), clone.root / "build" / "gate" / "aaa-api" / "verdict.json")
    done = clone.script(
        "comment.sh",
        FORGE="github",
        MERGE_REQUEST="platform/fleet#7",
        GITHUB_TOKEN=TOKEN,
        GITHUB_API_URL="http://127.0.0.1:1",
    )
    assert done.code == 3
    assert "gate: " in done.output
