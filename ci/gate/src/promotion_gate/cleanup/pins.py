"""The requirements that files name: lock files, pyproject.toml, and what is written out anywhere else."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename
from packaging.version import InvalidVersion, Version

_PINNED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?[ \t]*={2,3}[ \t]*([A-Za-z0-9.!+_-]+)")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]*(?:\.whl|\.tar\.gz|\.zip)")
_REQUIREMENTS = re.compile(r"(?:.*[-_.])?(?:requirements|constraints)(?:[-_.].*)?\.(?:txt|in|lock)|.*\.lock")


def requirements_in(name: str, text: str) -> Iterator[str]:
    """Every requirement that a file of this name and content may be taken to make, as PEP 508 text."""
    yield from _pinned(text)
    if name.endswith(".toml") or name in {"uv.lock", "poetry.lock", "pdm.lock", "pylock.toml"}:
        yield from _of_toml(text)
    elif _REQUIREMENTS.fullmatch(name):
        yield from _of_lines(text)


def file_version(file: str) -> tuple[str, Version] | None:
    """Name and version that a wheel or source archive is named after; None if it is not named so."""
    try:
        if file.endswith(".whl"):
            name, version, _, _ = parse_wheel_filename(file)
            return name, version
        sdist_name, version = parse_sdist_filename(file)
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
        return None
    return sdist_name, version


def _pinned(text: str) -> Iterator[str]:
    """`name==version` anywhere, a Dockerfile or a pipeline for example, and names of archives."""
    for line in text.splitlines():  # few have any of it, and the patterns are slow on long ones
        if "==" in line:
            for name, version in _PINNED.findall(line):
                yield from _valid(f"{name}=={version}")
        if ".whl" in line or ".tar.gz" in line or ".zip" in line:
            for file in _FILE.findall(line):
                if found := file_version(file):
                    yield f"{found[0]}=={found[1]}"


def _of_lines(text: str) -> Iterator[str]:
    """A requirements file: a requirement a line, with options, comments and continuations."""
    for line in text.replace("\\\n", " ").splitlines():
        bare = re.split(r"(?:^|\s)#|\s--", line, maxsplit=1)[0].strip()
        if bare and not bare.startswith("-"):
            yield from _valid(bare)


def _of_toml(text: str) -> Iterator[str]:
    """Every text in the document that reads as a requirement, and the packages of a lock file."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return  # a template, or a test's broken one: its pins are found as text
    for value in _strings(document):
        yield from _valid(value)
    packages = document.get("package", document.get("packages"))
    for package in packages if isinstance(packages, list) else ():
        if isinstance(package, dict) and isinstance(package.get("version"), str):
            yield from _valid(f"{package.get('name')}=={package['version']}")


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _strings(inner)


def _valid(text: str) -> Iterator[str]:
    try:
        Requirement(text)
    except InvalidRequirement:
        return
    yield text
