"""What the same small service on every framework has in common, and its client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx


@dataclass(frozen=True)
class Asked:
    """A request of a test."""

    method: str
    path: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Service:
    """A service on one framework.

    Attributes:
        name: Of the framework.
        templates: What `handler` says there, by what the route is for.
        during: Called by the handler of `/items/…`, while the request is in progress.
        labels: Given to `instrument`.
        early: Whether it is instrumented before it has routes.
        times: How often it is instrumented.
    """

    name: str
    templates: Mapping[str, str]
    build: Callable[..., Callable[[list[Asked]], list[Answer]]]
    during: Callable[[], None] = lambda: None
    labels: Mapping[str, Callable[[Any], Any]] | None = None
    early: bool = False
    times: int = 1

    def instrument(self, instrument: Callable[..., None], app: Any, *, early: bool) -> None:
        """Call `instrument` where it is wanted: called before and after an application gets its routes."""
        if early == self.early:
            for _ in range(self.times):
                instrument(app, labels=self.labels)

    def send(self, *requests: Asked) -> list[Answer]:
        """Build the service anew, instrument it, send the requests one after the other."""
        return self.build(self)(list(requests))


async def parts() -> AsyncIterator[bytes]:
    for part in (b"one", b"three"):
        yield part


async def ask(client: httpx.AsyncClient, requests: list[Asked]) -> list[Answer]:
    answers = []
    for asked in requests:
        # a body of no bytes has a Content-Length too, which no request of a browser has
        answer = await client.request(asked.method, asked.path, content=asked.body or None, headers=dict(asked.headers))
        answers.append(Answer(answer.status_code, answer.headers, answer.content))
    return answers
