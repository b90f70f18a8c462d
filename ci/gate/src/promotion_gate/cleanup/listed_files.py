"""Images and packages that a file names, a line each, where no registry can be asked."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from promotion_gate.cleanup.errors import CleanupError
from promotion_gate.cleanup.found import Image, Listing, Package
from promotion_gate.cleanup.image_reference import parse
from promotion_gate.cleanup.pins import file_version


def images_in(text: str, where: str) -> Listing:
    """An image reference a line, as `docker image ls --format '{{.Repository}}:{{.Tag}}'` prints them. Raises CleanupError."""
    images = []
    for at, line in _lines(text, where):
        reference = parse(line)
        if "<none>" in line:
            continue
        if reference is None:
            raise CleanupError(f"{at}: {line!r} is no image: write NAME:TAG.")
        images.append(Image(reference, where, line, reference.digest, command=f"docker image rm {quote(line)}"))
    return Listing(images=tuple(dict.fromkeys(images)))


def packages_in(text: str, where: str) -> Listing:
    """A distribution a line, as NAME==VERSION or the name of its wheel or source archive. Raises CleanupError."""
    found: dict[tuple[str, Version], list[str]] = {}
    for at, line in _lines(text, where):
        archive = file_version(line.rpartition("/")[2])
        name, version = archive or _pinned(line, at)
        files = found.setdefault((name, version), [])
        if archive:
            files.append(line.rpartition("/")[2])
    return Listing(
        packages=tuple(
            Package(canonicalize_name(name), version, where, files=tuple(sorted(files)))
            for (name, version), files in found.items()
        )
    )


def _pinned(line: str, at: str) -> tuple[str, Version]:
    try:
        requirement = Requirement(line)
        (specifier,) = requirement.specifier
        if specifier.operator not in {"==", "==="}:
            raise InvalidVersion(specifier.operator)
        return canonicalize_name(requirement.name), Version(specifier.version)
    except (InvalidRequirement, InvalidVersion, ValueError):
        raise CleanupError(f"{at}: {line!r} is no package: write NAME==VERSION, or a file's name.") from None


def _lines(text: str, where: str) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.partition(" #")[0].strip()
        if bare and not bare.startswith("#"):
            yield f"{where}, line {number}", bare
