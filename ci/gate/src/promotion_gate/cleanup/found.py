"""What lies in a registry or an index."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from packaging.utils import NormalizedName
from packaging.version import Version

from promotion_gate.cleanup.image_reference import ImageReference


@dataclass(frozen=True)
class Image:
    """A tag of a repository."""

    reference: ImageReference
    where: str
    """The registry, or the file that names it."""
    name: str
    """As it stands there, with the registry's host if that was said."""
    digest: str = ""
    """Of what the tag points to; empty if not known."""
    parts: frozenset[str] = frozenset()
    """Digests of the images that an index holds, one for each platform."""
    since: datetime | None = None
    """When it was built, as it says itself."""
    command: str = ""
    """Deletes it; empty if there is no such command."""


@dataclass(frozen=True)
class Package:
    """A version of a distribution."""

    name: NormalizedName
    version: Version
    where: str
    """The index, or the file that names it."""
    since: datetime | None = None
    """When its first file was uploaded, if the index says so."""
    files: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Listing:
    """All that there is, whether a release or not: what shares a manifest with a release, or is the only version, is not to go."""

    images: tuple[Image, ...] = ()
    packages: tuple[Package, ...] = ()
    notes: tuple[str, ...] = ()
    """What could not be understood, as sentences; it is not listed."""

    def __add__(self, other: Listing) -> Listing:
        return Listing(self.images + other.images, self.packages + other.packages, self.notes + other.notes)
