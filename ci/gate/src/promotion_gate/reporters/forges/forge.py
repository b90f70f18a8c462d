"""The gate's one comment on a merge request: made once, then kept up to date."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from promotion_gate.reporters.atomic_write import ReportError


class CommentError(ReportError):
    """The comment could not be written; one sentence. It never holds the token."""


@dataclass(frozen=True)
class Comment:
    """A comment as the forge shows it."""

    id: int
    body: str
    mine: bool
    """Whether the token's own account wrote it, as far as can be told."""


class Forge(Protocol):
    """A merge request of a forge. Every method raises CommentError."""

    def comments(self) -> Iterator[Comment]:
        """All of them, oldest first, page by page."""

    def create(self, body: str) -> None: ...

    def update(self, comment: Comment, body: str) -> None: ...


def publish(forge: Forge, mark: str, body: str) -> Literal["created", "updated", "unchanged"]:
    """Writes `body`, whose first line is `mark`, into the gate's comment with that first line, or into a new one.

    A comment of somebody else's that begins with the mark is left alone: whoever wrote it could change it again, to a verdict of their
    own. Not safe against a second run at the same time, which may make a second comment; the older one is kept up to date.
    """
    for comment in forge.comments():
        if comment.mine and comment.body.splitlines()[:1] == [mark]:
            # Forges keep neither the line ends nor the white space at the end.
            if comment.body.replace("\r\n", "\n").strip() == body.strip():
                return "unchanged"
            forge.update(comment, body)
            return "updated"
    forge.create(body)
    return "created"
