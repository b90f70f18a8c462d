"""The page as the answer to an HTTP request, whatever the framework."""

from __future__ import annotations

from typing import NamedTuple

from service_metrics.page import Page


class PageAnswer(NamedTuple):
    """Status, headers and body; a HEAD request's body is empty, its headers are not."""

    status: int
    headers: dict[str, str]
    body: bytes


def page_answer(page: Page, method: str, accept: str, accept_encoding: str) -> PageAnswer:
    """Answer GET and HEAD with the page, anything else with 405, and everything with 404 where metrics are disabled.

    Blocks while it renders and asks siblings: call it in a thread of its own where there is an event loop.

    Args:
        page: What to answer with.
        method: The request's method.
        accept: The request's Accept header, or an empty string.
        accept_encoding: Its Accept-Encoding header, or an empty string.
    """
    if not page.settings.enabled:
        return PageAnswer(404, {"content-type": "text/plain"}, b"Metrics are disabled.\n")
    if method not in ("GET", "HEAD"):
        return PageAnswer(405, {"content-type": "text/plain", "allow": "GET, HEAD"}, b"")
    headers, body = page.answer(accept, accept_encoding)
    return PageAnswer(200, headers, b"" if method == "HEAD" else body)
