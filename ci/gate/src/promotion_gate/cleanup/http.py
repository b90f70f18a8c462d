"""Asking a registry or an index: encrypted unless it is on this host, and never sent elsewhere with credentials."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.auth import HTTPBasicAuth

from promotion_gate.cleanup.errors import CleanupError

USER_VARIABLE, PASSWORD_VARIABLE = "GATE_CLEANUP_USER", "GATE_CLEANUP_PASSWORD"
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})
_SECONDS = 30
_LARGEST = 64 * 1024 * 1024


def base_url(text: str, option: str) -> str:
    """The address without a slash at its end. Raises CleanupError unless it is https, or http on this host."""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise CleanupError(f"{option} {text!r} is no address: write it as in https://registry.example.")
    if parts.username or parts.password:
        raise CleanupError(
            f"{option} holds a password, which others on this host can see: use {USER_VARIABLE} and {PASSWORD_VARIABLE}."
        )
    if parts.scheme == "http" and parts.hostname not in _HERE:
        raise CleanupError(
            f"{option} {text} is not encrypted: use https, which only a host of this machine can do without."
        )
    return text.rstrip("/")


@dataclass(frozen=True)
class Answer:
    """What a server said."""

    url: str
    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes
    next: str = ""
    """The address of the next page; empty if this is the last one."""

    def json(self) -> Any:
        """The body as JSON. Raises CleanupError."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise CleanupError(f"{self.url} answered something that is not JSON: check the address.") from None


class Asked:
    """One server. Reads only. Raises CleanupError for everything that is no answer."""

    def __init__(self, base: str, environment: Mapping[str, str] = os.environ) -> None:
        self.base = base
        self._session = requests.Session()
        self._session.trust_env = False  # no .netrc of whoever runs this, and no proxy for localhost
        self._proxies = requests.utils.get_environ_proxies(base)
        user, password = environment.get(USER_VARIABLE, ""), environment.get(PASSWORD_VARIABLE, "")
        self._basic = HTTPBasicAuth(user, password) if user else None
        self._token = ""

    def get(self, path: str, accept: str = "application/json") -> Answer | None:
        """The answer; None if there is no such thing (404). `path` is relative to the server, or an address on it."""
        url = urljoin(f"{self.base}/", path)
        if _origin(url) != _origin(self.base):
            raise CleanupError(f"{self.base} sends on to {url}, another server, which is not asked: name that one.")
        answer = self._ask(url, accept)
        if answer.status == 401 and (token := self._exchange(answer)):
            self._token = token
            answer = self._ask(url, accept)
        if answer.status == 404:
            return None
        if answer.status in {401, 403}:
            raise CleanupError(
                f"{url} may not be read ({answer.status}): set {USER_VARIABLE} and {PASSWORD_VARIABLE} to somebody who may."
            )
        if answer.status != 200:
            raise CleanupError(f"{url} answered {answer.status} {answer.reason}: nothing can be said without it.")
        return answer

    def _ask(self, url: str, accept: str) -> Answer:
        headers = {"Accept": accept} | ({"Authorization": f"Bearer {self._token}"} if self._token else {})
        auth = None if self._token else self._basic
        try:
            found = self._session.get(
                url, headers=headers, auth=auth, timeout=_SECONDS, proxies=self._proxies, stream=True
            )
            body = b""
            for chunk in found.iter_content(65536):
                body += chunk
                if len(body) > _LARGEST:
                    raise CleanupError(f"{url} answered with more than {_LARGEST} bytes: that is no list.")
        except requests.RequestException as error:
            raise CleanupError(f"{url} cannot be asked ({_cause(error)}): check the address.") from None
        link = found.links.get("next", {}).get("url", "")
        return Answer(
            url, found.status_code, found.reason or "", found.headers, body, urljoin(url, link) if link else ""
        )

    def _exchange(self, refused: Answer) -> str:
        """A token, where the registry names a service that gives one; empty if it names none, or that is not encrypted."""
        challenge = refused.headers.get("WWW-Authenticate", "")
        said = dict(re.findall(r'(\w+)="([^"]*)"', challenge)) if challenge.lower().startswith("bearer ") else {}
        realm = said.pop("realm", "")
        if not realm:
            return ""
        base_url(realm.partition("?")[0], "The registry's token service")
        try:
            answer = self._session.get(realm, params=said, auth=self._basic, timeout=_SECONDS, proxies=self._proxies)
            document = answer.json() if answer.status_code == 200 else {}
        except (requests.RequestException, ValueError):
            return ""
        return str(document.get("token") or document.get("access_token") or "")


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def _cause(error: BaseException) -> str:
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__ or error
    return " ".join(str(error).split()) or type(error).__name__
