"""Images of the embedded target: an image is the Python distribution of its name, installed beside the gate."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path


@dataclass(frozen=True)
class LocalImage:
    """What runs for an image reference: `reference` is true to the version that is installed, not to the one asked for."""

    reference: str
    path: str
    """The value of PATH inside."""


def resolve(reference: str) -> LocalImage | None:
    """The local image for `[registry/]repository[:tag][@digest]`, or None if no distribution of that name is installed."""
    repository = reference.split("@", 1)[0]
    name, colon, tag = repository.rpartition(":")
    if colon and "/" not in tag:  # a colon before a slash is a registry's port, not a tag
        repository = name
    try:
        version = metadata.version(repository.rsplit("/", 1)[-1])
    except (metadata.PackageNotFoundError, ValueError):  # ValueError: no name at all
        return None
    scripts = Path(sys.executable).parent
    return LocalImage(f"{repository}:{version}", f"{scripts}:/usr/local/bin:/usr/bin:/bin")
