"""ASGI middleware that writes one log line a request, with the route template and the status as an integer."""

from __future__ import annotations

import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)


class AccessLogMiddleware:
    """Log every finished HTTP request as "request"; the `quiet` paths (probes, scrapes) only from status 400 up.

    A request whose application raised counts as status 500; the exception goes on to the server.
    """

    def __init__(self, app: ASGIApp, *, quiet: frozenset[str] = frozenset()) -> None:
        self._app = app
        self._quiet = quiet

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection; anything but HTTP passes through untouched."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500
        started = time.perf_counter()

        async def note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, note_status)
        except BaseException:
            status = 500
            raise
        finally:
            if scope["path"] not in self._quiet or status >= 400:
                _log_request(scope, status, time.perf_counter() - started)


def _log_request(scope: Scope, status: int, seconds: float) -> None:
    # The router puts the route it chose into the scope; without one the path itself is all there is to name.
    handler = getattr(scope.get("route"), "path", scope["path"])
    log.log(
        logging.ERROR if status >= 500 else logging.INFO,
        "request",
        extra={"status": status, "method": scope["method"], "handler": handler, "seconds": round(seconds, 6)},
    )
