"""The versions that a package index has, by the simple repository API: JSON (PEP 691), else HTML (PEP 503)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from html.parser import HTMLParser
from typing import Any

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from promotion_gate.cleanup.errors import CleanupError
from promotion_gate.cleanup.found import Listing, Package
from promotion_gate.cleanup.http import Answer, Asked
from promotion_gate.cleanup.moments import moment
from promotion_gate.cleanup.pins import file_version

_ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"

_File = tuple[str, datetime | None]


def packages_of(server: Asked, names: Sequence[str]) -> Listing:
    """Every version of these distributions. Raises CleanupError for one that the index has not."""
    found = Listing()
    for name in names:
        canonical = canonicalize_name(name)
        answer = server.get(f"{canonical}/", _ACCEPT)
        if answer is None:
            raise CleanupError(f"{server.base} has no package {canonical}: correct --package, or --index.")
        found += listing(canonical, server.base, _json(answer) if _is_json(answer) else _html(answer))
    return found


def listing(name: NormalizedName, where: str, files: Iterable[_File]) -> Listing:
    """The versions that these files are of; one whose name says none, or another distribution, is told and left out."""
    versions: dict[Version, list[_File]] = {}
    odd: list[str] = []
    for file, since in files:
        said = file_version(file)
        if said is None or canonicalize_name(said[0]) != name:
            odd.append(file)
        else:
            versions.setdefault(said[1], []).append((file, since))
    packages = tuple(_package(name, version, where, found) for version, found in sorted(versions.items()))
    more = f" and {len(odd) - 3} more" if len(odd) > 3 else ""
    notes = (f"{where}: not understood as files of {name}, and left out: {', '.join(odd[:3])}{more}.",) if odd else ()
    return Listing(packages=packages, notes=notes)


def _package(name: NormalizedName, version: Version, where: str, files: list[_File]) -> Package:
    times = [since for _, since in files if since]
    return Package(name, version, where, min(times, default=None), tuple(sorted(file for file, _ in files)))


def _is_json(answer: Answer) -> bool:
    return "json" in answer.headers.get("Content-Type", "")


def _json(answer: Answer) -> list[_File]:
    document: Any = answer.json()
    files = document.get("files") if isinstance(document, dict) else None
    if not isinstance(files, list) or not all(
        isinstance(file, dict) and isinstance(file.get("filename"), str) for file in files
    ):
        raise CleanupError(f"{answer.url} has no list of files: this is no package index.")
    return [(file["filename"], moment(file.get("upload-time"))) for file in files]


def _html(answer: Answer) -> list[_File]:
    page = _Page()
    page.feed(answer.body.decode("utf-8", "replace"))
    page.close()
    if not page.is_page:
        raise CleanupError(f"{answer.url} is neither JSON nor HTML: this is no package index.")
    return [(name.strip(), None) for name in page.links]


class _Page(HTMLParser):
    """The texts of a page's links, which are the names of the files."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.is_page = False
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the parser's signature
        self.is_page = True
        self._inside = tag == "a"
        if self._inside:
            self.links.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "a"

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.links[-1] += data
