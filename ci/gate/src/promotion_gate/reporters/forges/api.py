"""JSON over HTTP as both forges speak it: a token, pages behind a `Link` header, and errors as sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.util.retry import Retry

from promotion_gate.reporters.forges.forge import CommentError
from promotion_gate.reporters.visible import one_line

TIMEOUT = (10, 30)
"""Seconds to connect, and to wait for an answer."""
MOST_PAGES = 100
"""A merge request with more comments than 100 pages of 100 is none; an API that goes on and on is broken."""
_TRIES = Retry(
    total=2,
    backoff_factor=0.2,
    status_forcelist=(500, 502, 503, 504),
    allowed_methods={
        "GET",
        "PATCH",
        "PUT",
    },  # a POST that was answered by an error may have made the comment all the same
    raise_on_status=False,
    respect_retry_after_header=False,
)
_TOKEN = re.compile(r"[\x21-\x7e]+")


class _Token(AuthBase):
    """Given as `auth`, or requests would put in its place what ~/.netrc has for the host."""

    def __init__(self, header: str, value: str) -> None:
        self._header, self._value = header, value

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers[self._header] = self._value
        return request


class Api:
    """One forge's API below a base address. Every method raises CommentError, which never holds the token."""

    def __init__(self, base: str, header: str, scheme: str, token: str, variable: str, needs: str) -> None:
        """`variable` names where the token came from, and `needs` what it must be allowed to do."""
        parts = urlsplit(base)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.password:
            shown = base.rpartition("@")[2]  # what stands before it may be a password
            raise CommentError(
                f"{shown!r} is not the address of an API: it has to be an http or https URL, without a user."
            )
        if not _TOKEN.fullmatch(token):
            raise CommentError(
                f"{variable} holds no token: it is empty, or has spaces, line ends or other characters in it."
            )
        self.base = base.rstrip("/")
        self._origin = (parts.scheme, parts.netloc)
        self._token, self._variable, self._needs = token, variable, needs
        self._session = requests.Session()
        self._session.auth = _Token(header, f"{scheme} {token}".strip())
        for prefix in ("http://", "https://"):
            self._session.mount(prefix, HTTPAdapter(max_retries=_TRIES))

    def pages(self, path: str, what: str) -> Iterator[dict[str, Any]]:
        """The objects of a list, over all its pages; `what` names it in an error."""
        url: str | None = f"{self.base}{path}?per_page=100"
        for _ in range(MOST_PAGES):
            answer = self._ask("GET", url or "", what)
            items = self._json(answer, what)
            if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
                raise CommentError(
                    f"{what} answered something else than a list: is {self.base} the address of the API?"
                )
            yield from items
            url = answer.links.get("next", {}).get("url")
            if not url:
                return
            if urlsplit(url)[:2] != self._origin:
                raise CommentError(
                    f"{what} goes on at another host ({one_line(url)[:80]}): the token does not go there."
                )
        raise CommentError(
            f"{what} has more than {MOST_PAGES} pages, so the gate's comment was not looked for to the end."
        )

    def send(self, method: str, path: str, body: Mapping[str, str], what: str) -> None:
        """Writes an object."""
        self._ask(method, f"{self.base}{path}", what, body)

    def read(self, path: str, what: str) -> dict[str, Any] | None:
        """An object, or None if the token may not see it."""
        answer = self._ask("GET", f"{self.base}{path}", what, refusable=True)
        found = self._json(answer, what) if answer.ok else None
        return found if isinstance(found, dict) else None

    def _ask(
        self, method: str, url: str, what: str, body: Mapping[str, str] | None = None, *, refusable: bool = False
    ) -> requests.Response:
        try:
            answer = self._session.request(method, url, json=body, timeout=TIMEOUT, allow_redirects=False)
        except requests.RequestException as error:
            reason = "no answer in time" if isinstance(error, requests.Timeout) else type(error).__name__
            raise CommentError(
                f"{what} could not be reached at {self.base} ({reason}): check the address, the proxy and the network."
            ) from None
        if 200 <= answer.status_code < 300 or (refusable and answer.status_code in {403, 404}):
            return answer
        raise CommentError(f"{what} answered {answer.status_code}{self._said(answer)}: {self._advice(answer)}.")

    def _json(self, answer: requests.Response, what: str) -> Any:
        try:
            return answer.json()
        except ValueError:
            raise CommentError(f"{what} answered no JSON: is {self.base} the address of the API?") from None

    def _said(self, answer: requests.Response) -> str:
        """What the forge says itself, shortened; a token that it repeats is taken out."""
        try:
            document = answer.json()
        except ValueError:
            return ""
        said = document.get("message") or document.get("error") if isinstance(document, dict) else None
        shown = one_line(str(said)).replace(self._token, "***")[:200] if said else ""
        return f" ({shown})" if shown else ""

    def _advice(self, answer: requests.Response) -> str:
        status, variable = answer.status_code, self._variable
        by_status = {
            401: f"the token in {variable} is not accepted, it may have run out",
            403: f"the token in {variable} needs {self._needs}, or has asked too often",
            404: f"there is no such merge request, or the token in {variable} may not see it",
            429: "it was asked too often, try again later",
        }
        by_class = {
            3: "it moved, so name the project as it is called now",
            5: "the server has a fault of its own, try again later",
        }
        return by_status.get(status) or by_class.get(status // 100) or "it refused the request"
