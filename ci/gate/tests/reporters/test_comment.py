"""`gate comment` against servers that answer as GitHub and GitLab do: one comment, kept up to date, and the token never said."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner, Result

from ci.gate.tests.reporters import samples
from promotion_gate.cli import main
from promotion_gate.reporters import json_report, markdown
from promotion_gate.verdict import Verdict

TOKEN = "s3cret-t0ken"  # noqa: S105 - of the fake
PAGE = 3
"""Comments a page: a small one, so that few comments need several."""

Serve = Callable[[Callable[[BaseHTTPRequestHandler], None]], str]


@dataclass
class Fake:
    """One merge request of a forge; `kind` says whose dialect is spoken."""

    kind: str
    comments: list[dict[str, Any]] = field(default_factory=list)
    knows_user: bool = True
    faults: list[int] = field(default_factory=list)
    """Statuses that are answered first, one a request that is not about the user."""
    fault_of_writes: int = 0
    next_host: str = ""
    echo_token: bool = False
    asked: list[str] = field(default_factory=list)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        url = urlsplit(handler.path)
        self.asked.append(f"{handler.command} {url.path}")
        length = int(handler.headers.get("Content-Length") or 0)
        body = json.loads(handler.rfile.read(length)) if length else {}
        status, document, headers = self._answer(handler, url.path, parse_qs(url.query), body)
        content = json.dumps(document).encode()
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    def _answer(
        self, handler: BaseHTTPRequestHandler, path: str, query: dict[str, list[str]], body: dict[str, str]
    ) -> tuple[int, Any, dict[str, str]]:
        if not self._token_is_there(handler):
            return 401, {"message": "Bad credentials"}, {}
        if path == "/user":
            return (200, {"id": 7}, {}) if self.knows_user else (403, {"message": "not accessible by integration"}, {})
        if self.faults:
            said = f"a fault, your token was {TOKEN}" if self.echo_token else "a fault"
            return self.faults.pop(0), {"message": said}, {"Location": "/elsewhere"}
        if handler.command == "GET":
            return self._page(handler, path, query)
        if self.fault_of_writes:
            return self.fault_of_writes, {"message": "no"}, {}
        return self._write(handler.command, path, body["body"])

    def _token_is_there(self, handler: BaseHTTPRequestHandler) -> bool:
        if self.kind == "github":
            return handler.headers.get("Authorization") == f"Bearer {TOKEN}"
        return handler.headers.get("PRIVATE-TOKEN") == TOKEN and "Authorization" not in handler.headers

    @property
    def _list(self) -> str:
        if self.kind == "github":
            return "/repos/platform/charts/issues/12/comments"
        return "/projects/platform%2Fcharts/merge_requests/12/notes"

    def _page(
        self, handler: BaseHTTPRequestHandler, path: str, query: dict[str, list[str]]
    ) -> tuple[int, Any, dict[str, str]]:
        if path != self._list:
            return 404, {"message": "Not Found"}, {}
        page = int(query.get("page", ["1"])[0])
        shown = self.comments[(page - 1) * PAGE : page * PAGE]
        more = page * PAGE < len(self.comments)
        base = self.next_host or f"http://{handler.headers['Host']}"
        link = {"Link": f'<{base}{path}?per_page=100&page={page + 1}>; rel="next"'} if more else {}
        return 200, shown, link

    def _write(self, method: str, path: str, body: str) -> tuple[int, Any, dict[str, str]]:
        if method == "POST" and path == self._list:
            self.comments.append(self.comment(body, 7, "Bot"))
            return 201, self.comments[-1], {}
        one = "/repos/platform/charts/issues/comments/" if self.kind == "github" else f"{self._list}/"
        if method == ("PATCH" if self.kind == "github" else "PUT") and path.startswith(one):
            for comment in self.comments:
                if comment["id"] == int(path.removeprefix(one)):
                    comment["body"] = body
                    return 200, comment, {}
        return 404, {"message": "Not Found"}, {}

    def comment(self, body: str, author: int, kind: str = "User", *, system: bool = False) -> dict[str, Any]:
        number = 100 + len(self.comments)
        if self.kind == "github":
            return {"id": number, "body": body, "user": {"id": author, "type": kind}}
        return {"id": number, "body": body, "author": {"id": author}, "system": system}

    def add(self, *bodies: str, author: int = 3, kind: str = "User", system: bool = False) -> None:
        for body in bodies:
            self.comments.append(self.comment(body, author, kind, system=system))


@dataclass(frozen=True)
class Gate:
    """Runs the command against a fake."""

    fake: Fake
    base: str
    folder: Path

    def __call__(self, verdict: Verdict, *, token: str = TOKEN, place: str = "", base: str = "") -> Result:
        file = self.folder / "verdict.json"
        json_report.write(verdict, file)
        sign = "#" if self.fake.kind == "github" else "!"
        names = {"github": ("GITHUB_TOKEN", "GITHUB_API_URL"), "gitlab": ("GITLAB_TOKEN", "CI_API_V4_URL")}[
            self.fake.kind
        ]
        environment = dict(zip(names, (token, base or self.base), strict=True)) | {"no_proxy": "127.0.0.1"}
        arguments = ["comment", str(file), f"--{self.fake.kind}", place or f"platform/charts{sign}12"]
        result = CliRunner().invoke(main, arguments, env=environment)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert token not in result.output or not token.strip()
        assert "Traceback" not in result.output
        return result


@pytest.fixture(params=["github", "gitlab"])
def gate(request: pytest.FixtureRequest, serve: Serve, tmp_path: Path) -> Gate:
    fake = Fake(request.param)
    return Gate(fake, serve(fake.answer), tmp_path)


def bodies(gate: Gate) -> list[str]:
    return [comment["body"] for comment in gate.fake.comments]


def test_the_first_verdict_is_a_new_comment(gate: Gate) -> None:
    gate.fake.add("looks good")
    result = gate(samples.bad())
    assert result.exit_code == 0, result.output
    assert re.fullmatch(r"FAIL of aaa-api in staging: comment created on platform/charts[#!]12\.\n", result.output)
    assert bodies(gate) == ["looks good", markdown.render(samples.bad())]


def test_the_next_verdict_takes_its_place_on_whatever_page_it_is(gate: Gate) -> None:
    gate.fake.add(*(f"remark {n}" for n in range(2 * PAGE)))
    assert "comment created" in gate(samples.bad()).output
    gate.fake.add(*(f"later {n}" for n in range(PAGE)))
    result = gate(samples.good())
    assert "PASS of aaa-api in staging: comment updated" in result.output
    assert len(bodies(gate)) == 3 * PAGE + 1
    assert bodies(gate)[2 * PAGE] == markdown.render(samples.good())
    assert [body for body in bodies(gate) if body.startswith("<!--")] == [markdown.render(samples.good())]


def test_the_same_verdict_writes_nothing(gate: Gate) -> None:
    gate(samples.bad())
    gate.fake.comments[0]["body"] = gate.fake.comments[0]["body"].replace("\n", "\r\n").rstrip()  # as forges keep it
    gate.fake.asked.clear()
    assert "comment unchanged" in gate(samples.bad()).output
    assert {line.split()[0] for line in gate.fake.asked} == {"GET"}


def test_another_release_has_a_comment_of_its_own(gate: Gate) -> None:
    verdict = samples.good()
    other = verdict.model_copy(update={"release": verdict.release.model_copy(update={"environment": "production"})})
    gate(verdict)
    assert "comment created" in gate(other).output
    assert len(bodies(gate)) == 2


def test_somebody_elses_comment_is_left_alone(gate: Gate) -> None:
    forged = markdown.render(samples.good())
    gate.fake.add(forged)
    gate.fake.add(f"> {forged}", author=7, kind="Bot")  # the gate's own account, but not its comment
    assert "comment created" in gate(samples.bad()).output
    assert bodies(gate) == [forged, f"> {forged}", markdown.render(samples.bad())]


def test_a_workflows_token_updates_the_bots_comment(serve: Serve, tmp_path: Path) -> None:
    fake = Fake("github", knows_user=False)
    gate = Gate(fake, serve(fake.answer), tmp_path)
    fake.add(markdown.render(samples.good()))
    assert "comment created" in gate(samples.good()).output
    assert "comment updated" in gate(samples.bad()).output
    assert len(bodies(gate)) == 2


def test_gitlabs_system_notes_are_no_comments(serve: Serve, tmp_path: Path) -> None:
    fake = Fake("gitlab")
    fake.add(markdown.render(samples.good()), author=7, system=True)
    assert "comment created" in Gate(fake, serve(fake.answer), tmp_path)(samples.good()).output


def test_a_gitlab_token_that_may_not_ask_who_it_is(serve: Serve, tmp_path: Path) -> None:
    fake = Fake("gitlab", knows_user=False)
    result = Gate(fake, serve(fake.answer), tmp_path)(samples.good())
    assert result.exit_code == 3
    assert "needs the scope api" in result.output
    assert bodies(Gate(fake, "", tmp_path)) == []


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (403, "answered 403 (a fault): the token in {token} needs the"),
        (404, "answered 404 (a fault): there is no such merge request, or the token in {token} may not see it."),
        (429, "answered 429 (a fault): it was asked too often"),
        (422, "answered 422 (a fault): it refused the request."),
        (301, "answered 301 (a fault): it moved, so name the project as it is called now."),
    ],
)
def test_a_refusal_is_a_sentence(gate: Gate, status: int, words: str) -> None:
    gate.fake.faults = [status]
    result = gate(samples.good())
    assert result.exit_code == 3
    assert words.format(token=f"{gate.fake.kind.upper()}_TOKEN") in result.output
    assert result.output.count("\n") == 1
    assert bodies(gate) == []


def test_a_server_that_stumbles_is_asked_again(gate: Gate) -> None:
    gate.fake.faults = [502, 503]
    assert gate(samples.good()).exit_code == 0
    assert len(bodies(gate)) == 1


def test_a_server_that_stays_down_is_said_so(gate: Gate) -> None:
    gate.fake.faults = [503] * 9
    result = gate(samples.good())
    assert result.exit_code == 3
    assert "answered 503 (a fault): the server has a fault of its own, try again later." in result.output


def test_a_comment_that_may_be_there_is_not_made_twice(gate: Gate) -> None:
    gate.fake.fault_of_writes = 502
    result = gate(samples.good())
    assert result.exit_code == 3
    assert "answered 502" in result.output
    assert sum(line.startswith("POST") for line in gate.fake.asked) == 1


def test_a_token_that_is_repeated_is_taken_out(gate: Gate) -> None:
    gate.fake.faults, gate.fake.echo_token = [422], True
    assert "your token was ***" in gate(samples.good()).output


def test_a_token_that_is_not_accepted(gate: Gate) -> None:
    result = gate(samples.good(), token="another-one")  # noqa: S106 - of the fake
    assert result.exit_code == 3
    assert "answered 401 (Bad credentials): the token in" in result.output


@pytest.mark.parametrize("token", ["", " ", "two words", "line\nend", "größer", "tab\t"])
def test_what_is_no_token_is_not_sent(gate: Gate, token: str) -> None:
    result = gate(samples.good(), token=token)
    assert result.exit_code == 3
    assert "_TOKEN holds no token" in result.output
    assert gate.fake.asked == []


def test_the_token_goes_to_no_other_host(gate: Gate) -> None:
    gate.fake.add(*(f"remark {n}" for n in range(PAGE + 1)))
    gate.fake.next_host = "http://127.0.0.2:1"
    result = gate(samples.good())
    assert result.exit_code == 3
    assert "goes on at another host (http://127.0.0.2:1" in result.output


def test_no_netrc_takes_the_tokens_place(gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    assert gate(samples.good()).exit_code == 0


def test_nobody_there(gate: Gate, closed_port: int) -> None:
    result = gate(samples.good(), base=f"http://127.0.0.1:{closed_port}")
    assert result.exit_code == 3
    assert f"could not be reached at http://127.0.0.1:{closed_port} (ConnectionError)" in result.output


@pytest.mark.parametrize("content", [b"<html>", b'{"a": 1}', b"[1]"])
def test_an_address_that_is_no_api(serve: Serve, tmp_path: Path, content: bytes) -> None:
    def page(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    result = Gate(Fake("github"), serve(page), tmp_path)(samples.good())
    assert result.exit_code == 3
    assert "the address of the API?" in result.output


@pytest.mark.parametrize("base", ["ftp://x", "x", "https://", "https://user:pw@host/api"])
def test_an_address_that_is_none(gate: Gate, base: str) -> None:
    result = gate(samples.good(), base=base)
    assert result.exit_code == 3
    assert "is not the address of an API" in result.output
    assert "pw@" not in result.output


@pytest.mark.parametrize(
    "place",
    [
        "platform/charts",
        "charts#12",
        "platform/charts#0",
        "platform/charts#x",
        "a/b/c#1",
        "../..#1",
        "platform/..#1",
        "a/b#1/x",
        "p/c#12\n",
    ],
)
def test_a_place_on_github_that_is_none(serve: Serve, tmp_path: Path, place: str) -> None:
    fake = Fake("github")
    result = Gate(fake, serve(fake.answer), tmp_path)(samples.good(), place=place)
    assert result.exit_code == 3
    assert "is no pull request: write OWNER/REPO#NUMBER" in result.output
    assert fake.asked == []


@pytest.mark.parametrize(
    "place", ["platform/charts", "charts!12", "platform/charts!0", "a//b!1", "a/b!1?x", "platform/charts#1"]
)
def test_a_place_on_gitlab_that_is_none(serve: Serve, tmp_path: Path, place: str) -> None:
    fake = Fake("gitlab")
    result = Gate(fake, serve(fake.answer), tmp_path)(samples.good(), place=place)
    assert result.exit_code == 3
    assert "is no merge request: write PROJECT!NUMBER" in result.output
    assert fake.asked == []


def test_one_place_and_one_verdict(tmp_path: Path) -> None:
    file = tmp_path / "verdict.json"
    both = CliRunner().invoke(main, ["comment", str(file), "--github", "a/b#1", "--gitlab", "a/b!1"])
    none = CliRunner().invoke(main, ["comment", str(file)])
    missing = CliRunner().invoke(main, ["comment", str(file), "--github", "a/b#1"])
    assert [both.exit_code, none.exit_code, missing.exit_code] == [3, 3, 3]
    assert "Name one merge request" in both.output
    assert "Name one merge request" in none.output
    assert "There is no verdict at" in missing.output
