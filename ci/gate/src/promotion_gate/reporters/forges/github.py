"""A pull request on GitHub: https://docs.github.com/en/rest/issues/comments."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from promotion_gate.reporters.forges.api import Api
from promotion_gate.reporters.forges.forge import Comment, CommentError

_PLACE = re.compile(r"(?P<owner>[A-Za-z0-9][A-Za-z0-9-]*)/(?P<name>[A-Za-z0-9._-]+)#(?P<number>[1-9][0-9]*)")


class GitHub:
    """The comments of one pull request."""

    def __init__(self, place: str, environment: Mapping[str, str]) -> None:
        """`place` is OWNER/REPO#N; GITHUB_TOKEN and GITHUB_API_URL come from `environment`. Raises CommentError."""
        found = _PLACE.fullmatch(place)
        if not found or found["name"] in {".", ".."}:
            raise CommentError(f"{place!r} is no pull request: write OWNER/REPO#NUMBER, such as platform/charts#12.")
        self._what = f"GitHub's pull request {place}"
        self._repository = f"/repos/{found['owner']}/{found['name']}"
        self._comments = f"{self._repository}/issues/{found['number']}/comments"
        self._api = Api(
            environment.get("GITHUB_API_URL") or "https://api.github.com",
            header="Authorization",
            scheme="Bearer",
            token=environment.get("GITHUB_TOKEN", ""),
            variable="GITHUB_TOKEN",
            needs="the permission to write pull requests (pull-requests: write)",
        )

    def comments(self) -> Iterator[Comment]:
        """All comments, oldest first."""
        me = self._api.read("/user", self._what)
        for item in self._api.pages(self._comments, self._what):
            user = item.get("user") or {}
            # The token of a workflow may not ask who it is; it writes as a bot, which no person can.
            mine = user.get("id") == me.get("id") if me else user.get("type") == "Bot"
            yield Comment(int(item["id"]), str(item.get("body") or ""), mine)

    def create(self, body: str) -> None:
        self._api.send("POST", self._comments, {"body": body}, self._what)

    def update(self, comment: Comment, body: str) -> None:
        path = f"{self._repository}/issues/comments/{comment.id}"
        self._api.send("PATCH", path, {"body": body}, self._what)
