"""A merge request on GitLab: https://docs.gitlab.com/api/notes/#merge-requests."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote

from promotion_gate.reporters.forges.api import Api
from promotion_gate.reporters.forges.forge import Comment, CommentError

_PLACE = re.compile(r"(?P<project>[0-9]+|[\w.-]+(?:/[\w.-]+)+)!(?P<number>[1-9][0-9]*)")


class GitLab:
    """The notes of one merge request."""

    def __init__(self, place: str, environment: Mapping[str, str]) -> None:
        """`place` is PROJECT!N, the project by path or number; GITLAB_TOKEN and CI_API_V4_URL come from `environment`.

        Raises CommentError.
        """
        found = _PLACE.fullmatch(place)
        if not found:
            raise CommentError(f"{place!r} is no merge request: write PROJECT!NUMBER, such as platform/charts!12.")
        self._what = f"GitLab's merge request {place}"
        self._notes = f"/projects/{quote(found['project'], safe='')}/merge_requests/{found['number']}/notes"
        self._api = Api(
            environment.get("CI_API_V4_URL") or "https://gitlab.com/api/v4",
            header="PRIVATE-TOKEN",
            scheme="",
            token=environment.get("GITLAB_TOKEN", ""),
            variable="GITLAB_TOKEN",
            needs="the scope api and the role Reporter",
        )

    def comments(self) -> Iterator[Comment]:
        """All notes that a person or a bot wrote, oldest first."""
        me = self._api.read("/user", self._what)
        if me is None:
            raise CommentError("The token in GITLAB_TOKEN may not ask who it is (/user): it needs the scope api.")
        for item in self._api.pages(self._notes, self._what):
            if not item.get("system"):
                author = item.get("author") or {}
                yield Comment(int(item["id"]), str(item.get("body") or ""), author.get("id") == me.get("id"))

    def create(self, body: str) -> None:
        self._api.send("POST", self._notes, {"body": body}, self._what)

    def update(self, comment: Comment, body: str) -> None:
        self._api.send("PUT", f"{self._notes}/{comment.id}", {"body": body}, self._what)
