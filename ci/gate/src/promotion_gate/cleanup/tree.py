"""What the files of one commit, or of the checkout as it is, refer to."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any

from chart_harness.checks.image_tags import unfinished
from chart_harness.fleet import services
from chart_harness.fleet_render import render_fleet
from promotion_gate.cleanup.errors import CleanupError
from promotion_gate.cleanup.image_reference import DIGEST, in_text
from promotion_gate.cleanup.pins import requirements_in
from promotion_gate.cleanup.references import References

_SIGNED = ".dsse.json"
_PROSE = frozenset({".md", ".rst"})
"""Text for people: what a changelog tells of is not in use."""

Known = dict[str, References]
"""What a file of this name and content refers to, without where it is: most files are the same on every branch."""


def references_of_tree(folder: Path, files: Iterable[str], where: str, known: Known) -> References:
    """What these files of the folder, and the releases that its charts render, refer to; `where` names the tree.

    Raises CleanupError if a release does not render or a signed verdict cannot be read: who knows what it would have named.
    """
    return reduce(or_, _of_files(folder, files, where, known), _rendered(folder, where))


def references_of_verdict(text: str, where: str) -> References:
    """What a signed verdict is about; nobody has to trust it for that. Raises CleanupError."""
    try:
        payload = base64.b64decode(json.loads(text)["payload"], validate=True).decode()
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise CleanupError(
            f"{where} is no signed verdict, so what it proved is not known: mend it, or remove it."
        ) from None
    return _of_text("verdict.json", payload, where)


def _rendered(folder: Path, where: str) -> References:
    """Every image that a release of the tree names, in whatever field."""
    if not services(folder):
        return References()
    fleet = render_fleet(folder)
    for (service, environment), error in fleet.errors.items():
        raise CleanupError(
            f"{service} does not render for {environment} in {where}, so what it refers to is not known"
            f" ({error.rstrip('.')}): mend it, or leave that out with --without-ref."
        )
    found = References()
    for (service, environment), release in fleet.releases.items():
        text = "\n".join(_strings(release.objects))
        found |= _of_text("rendered.yaml", text, f"{service} in {environment}, {where}")
    return found


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _strings(inner)


def _of_files(folder: Path, files: Iterable[str], where: str, known: Known) -> Iterator[References]:
    for name in files:
        path = folder / name
        if path.suffix in _PROSE or path.is_symlink() or not path.is_file():
            continue
        content = path.read_bytes()
        if b"\0" in content[:8192]:
            continue
        key = hashlib.sha256(path.name.encode() + b"\0" + content).hexdigest()
        place = f"{name} of {where}"
        if key not in known:
            text = content.decode("utf-8", "replace")
            found = references_of_verdict(text, place) if name.endswith(_SIGNED) else _of_text(path.name, text, place)
            known[key] = found
        yield known[key]


def _of_text(name: str, text: str, where: str) -> References:
    """Only what may be a pre-release: releases are never listed, so nothing has to speak for them."""
    return References(
        images={reference: where for reference in in_text(text) if reference.digest or unfinished(reference.tag)},
        digests=dict.fromkeys(DIGEST.findall(text), where),
        requirements=dict.fromkeys(requirements_in(name, text), where),
    )
