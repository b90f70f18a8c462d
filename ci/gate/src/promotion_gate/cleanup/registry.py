"""The images of a registry, by the distribution API (https://github.com/opencontainers/distribution-spec)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from shlex import quote
from typing import Any
from urllib.parse import urlsplit

from chart_harness.checks.image_tags import unfinished
from promotion_gate.cleanup.errors import CleanupError
from promotion_gate.cleanup.found import Image, Listing
from promotion_gate.cleanup.http import Asked
from promotion_gate.cleanup.image_reference import DIGEST, parse
from promotion_gate.cleanup.moments import moment

_MANIFESTS = ", ".join((
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
))  # fmt: skip
_PAGE = 100
_NAME = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")


def images_of(server: Asked, repositories: Sequence[str] = ()) -> Listing:
    """Every tag of the registry, or of these repositories; of those that hold a pre-release also what each tag points to.

    Raises CleanupError.
    """
    notes: list[str] = []
    images: list[Image] = []
    for repository in repositories or _repositories(server):
        if not _NAME.fullmatch(repository):
            raise CleanupError(f"{repository!r} cannot be a repository: correct --repository.")
        tags = list(_paged(server, f"v2/{repository}/tags/list", "tags"))
        if repositories and not tags:
            notes.append(f"{server.base} has no tags of {repository}.")
        if any(map(unfinished, tags)):
            images += [_image(server, repository, tag) for tag in sorted(tags)]
    return Listing(images=tuple(images), notes=tuple(notes))


def _repositories(server: Asked) -> list[str]:
    names = list(_paged(server, "v2/_catalog", "repositories"))
    if not names and server.get(f"v2/_catalog?n={_PAGE}") is None:
        raise CleanupError(f"{server.base} does not list its repositories: name them with --repository.")
    return names


def _paged(server: Asked, path: str, key: str) -> Iterator[str]:
    """All items of a list that comes in pages; none where there is no such list."""
    url, seen = f"{path}?n={_PAGE}", set[str]()
    while url:
        if url in seen:
            raise CleanupError(
                f"{server.base} sends from page to page in a circle ({url}): its lists cannot be trusted."
            )
        seen.add(url)
        answer = server.get(url)
        if answer is None:
            return
        document = answer.json()
        items = document.get(key) if isinstance(document, dict) else None
        if not isinstance(items, list | None) or not all(isinstance(item, str) for item in items or ()):
            raise CleanupError(f"{answer.url} has no list of {key}: this is no registry.")
        yield from items or ()
        url = answer.next


def _image(server: Asked, repository: str, tag: str) -> Image:
    name = f"{urlsplit(server.base).netloc}/{repository}:{tag}"
    reference = parse(name)
    answer = server.get(f"v2/{repository}/manifests/{tag}", _MANIFESTS)
    if reference is None or answer is None:
        raise CleanupError(
            f"{server.base} lists {repository}:{tag} and does not have it: run again, it may have gone just now."
        )
    document = answer.json()
    if not isinstance(document, dict):
        raise CleanupError(f"{answer.url} is no manifest: this is no registry.")
    said = answer.headers.get("Docker-Content-Digest", "")
    digest = said if DIGEST.fullmatch(said) else f"sha256:{hashlib.sha256(answer.body).hexdigest()}"
    manifests = document.get("manifests")
    parts = [part for part in manifests if isinstance(part, dict)] if isinstance(manifests, list) else []
    return Image(
        reference=reference,
        where=server.base,
        name=name,
        digest=digest,
        parts=frozenset(str(part.get("digest", "")) for part in parts) - {""},
        since=_created(server, repository, document, parts) if unfinished(tag) else None,
        command=f"curl --fail -X DELETE {quote(f'{server.base}/v2/{repository}/manifests/{digest}')}",
    )


def _created(server: Asked, repository: str, document: dict[str, Any], parts: list[dict[str, Any]]) -> datetime | None:
    """When the image was built, or the first of an index: it stands in the configuration."""
    if parts:
        answer = server.get(f"v2/{repository}/manifests/{parts[0].get('digest')}", _MANIFESTS)
        inner = answer.json() if answer else None
        return _created(server, repository, inner, []) if isinstance(inner, dict) and "manifests" not in inner else None
    config = document.get("config")
    if not isinstance(config, dict) or "image" not in str(config.get("mediaType")):
        return None
    answer = server.get(f"v2/{repository}/blobs/{config.get('digest')}")
    said = answer.json() if answer else None
    return moment(said.get("created")) if isinstance(said, dict) else None
