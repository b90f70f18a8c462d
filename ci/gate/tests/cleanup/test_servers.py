"""Asking servers: a package index, and registries that page, refuse, redirect, or are none."""

from __future__ import annotations

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

import pytest

from promotion_gate.cleanup.errors import CleanupError
from promotion_gate.cleanup.http import Asked, base_url
from promotion_gate.cleanup.registry import images_of
from promotion_gate.cleanup.simple_index import packages_of

Serve = Callable[[Callable[[BaseHTTPRequestHandler], None]], str]
JSON = "application/vnd.pypi.simple.v1+json"
NOBODY: dict[str, str] = {}


def say(
    request: BaseHTTPRequestHandler, body: str, kind: str = "application/json", status: int = 200, **headers: str
) -> None:
    request.send_response(status)
    request.send_header("Content-Type", kind)
    for name, value in headers.items():
        request.send_header(name.replace("_", "-"), value)
    request.send_header("Content-Length", str(len(body.encode())))
    request.end_headers()
    request.wfile.write(body.encode())


FILES = [
    "lib-1.0-py3-none-any.whl",
    "lib-1.1rc1-py3-none-any.whl",
    "lib-1.1rc1.tar.gz",
    "lib-docs.zip",
    "other-1.0.tar.gz",
]
PAGE = "<!DOCTYPE html><html><body>" + "".join(f'<a href="../{name}#sha256=0">{name}</a><br/>' for name in FILES)


@pytest.mark.parametrize("modern", [True, False])
def test_an_index_is_read_as_json_or_html(modern: bool, serve: Serve) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        if request.path != "/simple/lib/":
            say(request, "", status=404)
        elif modern:
            assert JSON in request.headers["Accept"]
            files = [{"filename": name, "upload-time": f"2025-11-2{n}T10:00:00Z"} for n, name in enumerate(FILES)]
            say(request, json.dumps({"meta": {"api-version": "1.1"}, "files": files}), JSON)
        else:
            say(request, PAGE, "text/html")

    found = packages_of(Asked(f"{serve(answer)}/simple", NOBODY), ["Lib"])
    assert [(str(one.version), one.files) for one in found.packages] == [
        ("1.0", ("lib-1.0-py3-none-any.whl",)),
        ("1.1rc1", ("lib-1.1rc1-py3-none-any.whl", "lib-1.1rc1.tar.gz")),
    ]
    assert [one.since.day if one.since else None for one in found.packages] == ([20, 21] if modern else [None, None])
    assert found.notes[0].endswith("left out: lib-docs.zip, other-1.0.tar.gz.")


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        ("{", JSON, "not JSON"),
        ("[]", JSON, "no list of files"),
        ('{"files": [1]}', JSON, "no list of files"),
        ("hello", "text/html", "neither JSON nor HTML"),
    ],
)
def test_what_is_no_index_is_told(body: str, kind: str, says: str, serve: Serve) -> None:
    url = serve(lambda request: say(request, body, kind))
    with pytest.raises(CleanupError, match=says):
        packages_of(Asked(url, NOBODY), ["lib"])


def test_a_package_that_there_is_not_is_told(serve: Serve, closed_port: int) -> None:
    url = serve(lambda request: say(request, "", status=404))
    with pytest.raises(CleanupError, match="has no package lib: correct --package"):
        packages_of(Asked(url, NOBODY), ["lib"])
    with pytest.raises(CleanupError, match=r"cannot be asked .*: check the address\."):
        packages_of(Asked(f"http://127.0.0.1:{closed_port}", NOBODY), ["lib"])


def in_pages(*pages: list[str]) -> Callable[[BaseHTTPRequestHandler], None]:
    """A registry with one repository, whose tags come in these pages."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(request.path)
        if parts.path == "/v2/app/tags/list":
            number = int(parts.query.partition("last=")[2] or 0)
            body = json.dumps({"name": "app", "tags": pages[number]})
            if number + 1 < len(pages):
                say(request, body, Link=f'</v2/app/tags/list?last={number + 1}>; rel="next"')
            else:
                say(request, body)
        elif parts.path.startswith("/v2/app/manifests/"):
            say(request, json.dumps({"schemaVersion": 2, "tag": parts.path}), Docker_Content_Digest="nonsense")
        else:
            say(request, "{}", status=404)

    return answer


def test_every_page_of_a_registry_is_read(serve: Serve) -> None:
    url = serve(in_pages(["1.0", "1.1-rc1"], ["1.1-rc2"], ["1.1"]))
    found = images_of(Asked(url, NOBODY), ["app"])
    assert [image.reference.tag for image in found.images] == ["1.0", "1.1", "1.1-rc1", "1.1-rc2"]
    assert len({image.digest for image in found.images}) == 4  # of the content, where the header says none
    host = urlsplit(url).netloc
    assert found.images[2].name == f"{host}/app:1.1-rc1"
    assert found.images[2].command == f"curl --fail -X DELETE {url}/v2/app/manifests/{found.images[2].digest}"


def test_no_pre_release_no_further_question(serve: Serve) -> None:
    assert images_of(Asked(serve(in_pages(["1.0"])), NOBODY), ["app"]).images == ()
    found = images_of(Asked(serve(in_pages([])), NOBODY), ["app"])
    assert "has no tags of app" in found.notes[0]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda r: say(r, "{}", status=404), "does not list its repositories: name them with --repository"),
        (lambda r: say(r, "{}", status=500), "answered 500"),
        (lambda r: say(r, "{}", status=403), "may not be read .* set GATE_CLEANUP_USER"),
        (lambda r: say(r, "{}", status=401, WWW_Authenticate='Bearer realm="http://evil.example/t"'), "is not encrypted"),
        (lambda r: say(r, '{"repositories": 5}'), "has no list of repositories"),
        (lambda r: say(r, '{"repositories": ["A b"]}'), "'A b' cannot be a repository"),
        (lambda r: say(r, '{"repositories": ["a"]}', Link='<https://evil.example/x>; rel="next"'), "another server"),
        (lambda r: say(r, '{"repositories": ["a"]}', Link='</v2/_catalog?n=1>; rel="next"'), "in a circle"),
        (lambda r: say(r, "<html>"), "not JSON"),
    ],
)  # fmt: skip
def test_what_a_registry_does_wrong_is_told(
    answer: Callable[[BaseHTTPRequestHandler], None], says: str, serve: Serve
) -> None:
    with pytest.raises(CleanupError, match=says):
        images_of(Asked(serve(answer), NOBODY))


def test_credentials_are_sent_to_who_asks_and_a_token_is_fetched(serve: Serve) -> None:
    seen: list[tuple[str, str]] = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        said = request.headers.get("Authorization", "")
        seen.append((urlsplit(request.path).path, said.partition(" ")[0]))
        if request.path.startswith("/token"):
            assert "scope=repository:app:pull" in request.path.replace("%3A", ":")
            say(request, '{"token": "t0ken"}')
        elif said != "Bearer t0ken":
            realm = f'Bearer realm="http://{request.headers["Host"]}/token",scope="repository:app:pull"'
            say(request, "{}", status=401, WWW_Authenticate=realm)
        else:
            in_pages(["1.0-rc1"])(request)

    asked = Asked(serve(answer), {"GATE_CLEANUP_USER": "ada", "GATE_CLEANUP_PASSWORD": "x"})
    assert [image.reference.tag for image in images_of(asked, ["app"]).images] == ["1.0-rc1"]
    assert seen[:3] == [("/v2/app/tags/list", "Basic"), ("/token", "Basic"), ("/v2/app/tags/list", "Bearer")]
    assert {how for _, how in seen[3:]} == {"Bearer"}


def test_addresses() -> None:
    assert base_url("https://registry.example/", "--registry") == "https://registry.example"
    assert base_url("http://localhost:5000", "--registry") == "http://localhost:5000"
    for text in ("ftp://x", "x", "https://", "https://x.example?y=1", "http://127.0.0.1.evil.example"):
        with pytest.raises(CleanupError):
            base_url(text, "--registry")
