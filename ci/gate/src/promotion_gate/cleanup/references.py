"""Who refers to which image or package, and what that leaves over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from chart_harness.checks.image_tags import unfinished
from promotion_gate.cleanup.found import Image, Listing, Package
from promotion_gate.cleanup.image_reference import ImageReference


@dataclass(frozen=True)
class References:
    """What is named somewhere, each with where that is."""

    images: Mapping[ImageReference, str] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    requirements: Mapping[str, str] = field(default_factory=dict)
    """PEP 508 requirements as text."""

    def __or__(self, other: References) -> References:
        return References(
            {**other.images, **self.images},
            {**other.digests, **self.digests},
            {**other.requirements, **self.requirements},
        )


@dataclass(frozen=True)
class Kept:
    """A pre-release that stays."""

    item: Image | Package
    because: str


@dataclass(frozen=True)
class Sorted:
    """The pre-releases, by whether anything refers to them."""

    unreferenced: tuple[Image | Package, ...]
    kept: tuple[Kept, ...]


def sort(listing: Listing, references: References) -> Sorted:
    """Pure: of all that there is, the pre-releases that nothing refers to, and those that something does."""
    reasons = {**_images(listing.images, references), **_packages(listing.packages, references)}
    items: list[Image | Package] = [image for image in listing.images if unfinished(image.reference.tag)]
    items += [package for package in listing.packages if package.version.is_prerelease]
    return Sorted(
        tuple(item for item in items if item not in reasons),
        tuple(Kept(item, reasons[item]) for item in items if item in reasons),
    )


def _images(images: Iterable[Image], references: References) -> dict[Image | Package, str]:
    """Why each image stays, of those that do. Who deletes a manifest deletes all tags that point to it, so those go together."""
    images = list(images)
    by_name: dict[str, list[tuple[ImageReference, str]]] = {}
    for reference, where in references.images.items():
        by_name.setdefault(reference.path[-1], []).append((reference, where))
    reasons: dict[Image | Package, str] = {}
    for image in images:
        named = by_name.get(image.reference.path[-1], ())
        by_tag = next((where for reference, where in named if reference.may_mean(image.reference)), "")
        digests = {image.digest, image.reference.digest, *image.parts} - {""}
        by_digest = next((references.digests[digest] for digest in sorted(digests) if digest in references.digests), "")
        if not unfinished(image.reference.tag):
            reasons[image] = "it is a release"
        elif by_tag or by_digest:
            reasons[image] = f"named in {by_tag or by_digest}"
    return reasons | _shared(images, reasons)


def _shared(images: Iterable[Image], reasons: Mapping[Image | Package, str]) -> dict[Image | Package, str]:
    """Of the images without a reason, those whose manifest one with a reason needs too; and so on, for those have a reason now."""
    images, shared = list(images), dict[Image | Package, str]()
    while True:
        needed = {
            digest: image.name
            for image in images
            if image in reasons or image in shared
            for digest in (image.digest, image.reference.digest, *image.parts)
            if digest
        }
        left = [image for image in images if image not in reasons and image not in shared]
        more = [image for image in left if (image.digest or image.reference.digest) in needed]
        if not more:
            return shared
        for image in more:
            shared[image] = f"the same manifest as {needed[image.digest or image.reference.digest]}, which stays"


def _packages(packages: Iterable[Package], references: References) -> dict[Image | Package, str]:
    """Why each pre-release of a package stays: a requirement asks for it, or an installer would take it for want of a release."""
    by_name: dict[NormalizedName, dict[Version, list[Package]]] = {}
    for package in packages:
        by_name.setdefault(package.name, {}).setdefault(package.version, []).append(package)
    reasons: dict[Image | Package, str] = {}
    for text, where in references.requirements.items():
        requirement = Requirement(text)
        versions = by_name.get(canonicalize_name(requirement.name), {})
        for version in requirement.specifier.filter(versions):
            for package in versions[version]:
                reasons.setdefault(package, f"{text} in {where}")
    return reasons
