"""How metrics are written, one file a format; and prometheus_client.exposition's public names.

What is served here shows the given registry of this process only, whatever the path, with `name[]` to choose families.
The page with a series per worker and custom labels is `service_metrics.page`.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qs, urlparse
from wsgiref.simple_server import WSGIServer

import prometheus_client.exposition
from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.exposition import (
    CONTENT_TYPE_LATEST,
    CONTENT_TYPE_PLAIN_0_0_4,
    CONTENT_TYPE_PLAIN_1_0_0,
    basic_auth_handler,
    default_handler,
    gzip_accepted,
    instance_ip_grouping_key,
    passthrough_redirect_handler,
    tls_auth_handler,
)
from prometheus_client.openmetrics.exposition import ALLOWUTF8, UNDERSCORES
from prometheus_client.registry import Collector

from service_metrics.compression import accepts_gzip, compressed
from service_metrics.exposition.constant_labels import ConstantLabels
from service_metrics.exposition.negotiation import negotiate
from service_metrics.exposition.text import TEXT
from service_metrics.pacing import paced, whole
from service_metrics.pushgateway import delete_from_gateway, page_is_served, push_to_gateway, pushadd_to_gateway
from service_metrics.recording.reading import families

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = [
    "CONTENT_TYPE_LATEST",
    "CONTENT_TYPE_PLAIN_0_0_4",
    "CONTENT_TYPE_PLAIN_1_0_0",
    "MetricsHandler",
    "basic_auth_handler",
    "choose_encoder",
    "default_handler",
    "delete_from_gateway",
    "generate_latest",
    "gzip_accepted",
    "instance_ip_grouping_key",
    "make_asgi_app",
    "make_wsgi_app",
    "passthrough_redirect_handler",
    "push_to_gateway",
    "pushadd_to_gateway",
    "start_http_server",
    "start_wsgi_server",
    "tls_auth_handler",
    "write_to_textfile",
]


def generate_latest(registry: Collector = REGISTRY, escaping: str = UNDERSCORES) -> bytes:
    """Return a registry as text (0.0.4, or 1.0.0 with another escaping of names than `underscores`)."""
    return whole(TEXT.render(families(registry), ConstantLabels(), escaping))


def choose_encoder(accept_header: str | None) -> tuple[Callable[[Collector], bytes], str]:
    """Return what writes a registry in the format that fits an Accept header best, and the content type of that."""
    choice = negotiate(accept_header or "")

    def encoder(registry: Collector) -> bytes:
        return whole(choice.exposition.render(families(registry), ConstantLabels(), choice.escaping))

    return encoder, choice.content_type


def _bake_output(
    registry: Collector,
    accept_header: str | None,
    accept_encoding_header: str | None,
    params: Mapping[str, Sequence[str]],
    disable_compression: bool,
) -> tuple[str, list[tuple[str, str]], bytes]:
    """Return status, headers and body of an answer; blocks while the registry is read and written."""
    if "name[]" in params:
        registry = cast("CollectorRegistry", registry).restricted_registry(params["name[]"])
    choice = negotiate(accept_header or "")
    headers = [("Content-Type", choice.content_type)]
    slices: Iterable[bytes] = paced(choice.exposition.render(families(registry), ConstantLabels(), choice.escaping))
    if not disable_compression and accepts_gzip(accept_encoding_header or ""):
        slices = compressed(slices)
        headers.append(("Content-Encoding", "gzip"))
    return "200 OK", headers, whole(slices)


def make_wsgi_app(registry: Collector = REGISTRY, disable_compression: bool = False) -> WSGIApplication:
    """Return a WSGI application that serves a registry on every path."""
    page_is_served()

    def prometheus_app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        status, headers, body = "200 OK", [("Allow", "OPTIONS,GET")], b""
        if method == "GET" and environ["PATH_INFO"] == "/favicon.ico":  # for browsers
            headers = []
        elif method == "GET":
            status, headers, body = _bake_output(
                registry,
                environ.get("HTTP_ACCEPT"),
                environ.get("HTTP_ACCEPT_ENCODING"),
                parse_qs(environ.get("QUERY_STRING", "")),
                disable_compression,
            )
        elif method != "OPTIONS":
            status = "405 Method Not Allowed"
            body = f"# HTTP {status}: {method}; use OPTIONS or GET\n".encode()
        start_response(status, headers)
        return [body]

    return prometheus_app


def make_asgi_app(registry: Collector = REGISTRY, disable_compression: bool = False) -> Callable[..., Any]:
    """Return an ASGI application that serves a registry on every path; a thread renders, so the event loop goes on."""
    page_is_served()

    async def prometheus_app(scope: Mapping[str, Any], receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        if scope.get("type") != "http":
            raise AssertionError(f"This application answers HTTP requests, not {scope.get('type')!r}.")
        accepted, encodings = (
            ",".join(value.decode() for name, value in scope["headers"] if name.lower() == wanted)
            for wanted in (b"accept", b"accept-encoding")
        )
        params = parse_qs(scope.get("query_string", b"").decode())
        status, headers, body = await asyncio.to_thread(
            _bake_output, registry, accepted, encodings, params, disable_compression
        )
        if (await receive()).get("type") != "http.request":
            return
        raw = [(name.encode(), value.encode()) for name, value in headers]
        await send({"type": "http.response.start", "status": int(status[:3]), "headers": raw})
        await send({"type": "http.response.body", "body": body})

    return prometheus_app


class MetricsHandler(prometheus_client.exposition.MetricsHandler):
    """An `http.server` handler that serves a registry on every path; `factory(registry)` makes one of another registry."""

    def do_GET(self) -> None:
        status, headers, body = _bake_output(
            self.registry,
            self.headers.get("Accept"),
            self.headers.get("Accept-Encoding"),
            parse_qs(urlparse(self.path).query),
            disable_compression=False,
        )
        self.send_response(int(status[:3]))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def start_wsgi_server(
    port: int,
    addr: str = "0.0.0.0",  # noqa: S104  # prometheus_client's default: a scraper comes from another host
    registry: Collector = REGISTRY,
    certfile: str | None = None,
    keyfile: str | None = None,
    client_cafile: str | None = None,
    client_capath: str | None = None,
    protocol: int = ssl.PROTOCOL_TLS_SERVER,
    client_auth_required: bool = False,
    tls_min_version: ssl.TLSVersion | None = None,
    tls_max_version: ssl.TLSVersion | None = None,
) -> tuple[WSGIServer, threading.Thread]:
    """Serve a registry on a port from a daemon thread, with TLS where a certificate and its key are given.

    Returns:
        The server, to `shutdown()` and `server_close()`, and its thread.

    Raises:
        OSError: the port is taken or a certificate cannot be read.
    """
    server, thread = prometheus_client.exposition.start_wsgi_server(
        port,
        addr,
        registry,
        certfile,
        keyfile,
        client_cafile,
        client_capath,
        protocol,
        client_auth_required,
        tls_min_version,
        tls_max_version,
    )
    server.set_app(make_wsgi_app(registry))
    return server, thread


start_http_server = start_wsgi_server


def write_to_textfile(path: str, registry: Collector, escaping: str = ALLOWUTF8, tmpdir: str | None = None) -> None:
    """Write a registry to a file for node_exporter's textfile collector, in one step: no reader sees half of it.

    Args:
        path: The file; its name must end in `.prom`.
        registry: What to write.
        escaping: How names outside the legacy character set are written.
        tmpdir: Where the file is made, on the same file system; None is the file's own folder.
    """
    target = Path(path)
    written = Path(tmpdir or target.parent) / f"{target.name}.{os.getpid()}.{threading.get_ident()}"
    try:
        written.write_bytes(generate_latest(registry, escaping))
        written.replace(target)
    except BaseException:
        written.unlink(missing_ok=True)
        raise
