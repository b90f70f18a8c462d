"""A small HTTP server for the page, in processes that serve no HTTP of their own."""

from __future__ import annotations

import logging
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from threading import Thread
from typing import Any

from service_metrics.page import Page
from service_metrics.settings import SettingsError

logger = logging.getLogger("service_metrics")


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def server_bind(self) -> None:
        TCPServer.server_bind(self)  # HTTPServer's own looks the host name up, which can take seconds in a pod


class PageServer:
    """Serves the page on a port, in daemon threads, until `close()`.

    A forked child gives up the inherited port at once and is on its parent's page as a sibling.

    Args:
        page: What to serve, under the path of its settings.
        port: TCP port on all interfaces; 0 takes a free one.

    Raises:
        SettingsError: the port is taken or not allowed.
    """

    def __init__(self, page: Page, port: int) -> None:
        try:
            self._server = _Server(("", port), _handler_of(page))
        except OSError as error:
            raise SettingsError(f"METRICS_PORT is {port}, which cannot be listened on ({error.strerror}).") from None
        self._pid = os.getpid()
        self.port = int(self._server.server_address[1])
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._server.socket.close)
        Thread(target=self._server.serve_forever, args=(0.1,), name="service-metrics-page", daemon=True).start()

    def close(self) -> None:
        """Stop serving and free the port; does nothing in a forked child."""
        if self._pid == os.getpid():
            self._server.shutdown()
            self._server.server_close()


def _handler_of(page: Page) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10  # seconds for a client to send its request

        def do_GET(self) -> None:
            if self.path.partition("?")[0] != page.settings.path:
                self.send_error(404)
                return
            try:
                accepted = [",".join(self.headers.get_all(name, ())) for name in ("Accept", "Accept-Encoding")]
                headers, body = page.answer(*accepted)
            except Exception:
                logger.exception("The metrics page could not be rendered: a collector raised.")
                self.send_error(500)
                return
            self.send_response(200)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Log nothing: a scrape is no event of the service."""

    return Handler
