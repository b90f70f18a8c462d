"""Names of images, and whether two of them may mean the same one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]+)?"
_REFERENCE = re.compile(
    rf"(?P<name>(?:{_HOST}/)?{_COMPONENT}(?:/{_COMPONENT})*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_IN_TEXT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]*[:@][A-Za-z0-9_][A-Za-z0-9_.:@-]*")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, order=True)
class ImageReference:
    """An image's name without the registry's host, its tag and its digest; empty is what is not said."""

    path: tuple[str, ...]
    tag: str
    digest: str = ""

    def __str__(self) -> str:
        name = "/".join(self.path)
        return name + (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")

    def may_mean(self, other: ImageReference) -> bool:
        """Whether both may be one image: the same tag, and one path is the end of the other's.

        Hosts do not count, and neither does what a mirror puts before a path: an image that is taken for another one is kept, one that is
        not recognized is lost.
        """
        shorter = min(len(self.path), len(other.path))
        return self.tag == other.tag and self.path[-shorter:] == other.path[-shorter:]


def parse(text: str) -> ImageReference | None:
    """The reference that the whole text is; None if it is none. Without tag and digest it means `latest`, as everywhere."""
    match = _REFERENCE.fullmatch(text)
    if match is None:
        return None
    host, slash, rest = match["name"].partition("/")
    path = (
        rest if slash and ("." in host or ":" in host or host == "localhost" or host != host.lower()) else match["name"]
    )
    digest = match["digest"] or ""
    return ImageReference(tuple(path.split("/")), match["tag"] or ("" if digest else "latest"), digest)


def in_text(text: str) -> Iterator[ImageReference]:
    """Everything in a text that may be a reference with a tag or a digest; much of it is none, and harmless."""
    for match in _IN_TEXT.finditer(text):
        token = match.group().rstrip(".:-@")
        # `image:name:tag` and `docker://name:tag`: what comes before a colon may belong to the text, not to the name.
        while ":" in token or "@" in token:
            if found := parse(token.lstrip("/")):
                yield found
            token = token.partition(":")[2]
