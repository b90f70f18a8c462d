"""What never goes to production, whatever proves it: what is not released, what is not allowed yet, and the loss of what must stay.

Pure functions over what was rendered and what the files say; each returns refusals, none if all is well.
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from packaging.version import InvalidVersion, Version

from chart_harness.checks.image_tags import unfinished
from chart_harness.render import Release
from promotion_gate.admission import Refusal
from promotion_gate.sources import at

_PIN = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?\s*={2,3}\s*([A-Za-z0-9.!+_-]+)")
_FROM_GIT = re.compile(r"(?:^|\s)(?:[A-Za-z0-9._-]+\s*@\s*)?git\+\S+")
_IMAGE = re.compile(r"[a-z0-9][\w.-]*(?::\d+)?(?:/[\w.-]+)+:([\w][\w.-]*)(?:@sha256:[0-9a-f]{64})?")
_TAGS = frozenset({"tag", "imageTag", "image_tag"})
_UNSET = object()


def images(objects: Any) -> set[str]:
    """Every image that rendered objects name, wherever: containers, and custom resources that make some."""
    if isinstance(objects, Mapping):
        own = {objects["image"]} if isinstance(objects.get("image"), str) else set()
        return own.union(*(images(inner) for inner in objects.values()))
    if isinstance(objects, Sequence) and not isinstance(objects, str | bytes):
        return set().union(*(images(inner) for inner in objects))
    return set()


def image_refusals(release: Release, not_yet: Sequence[str]) -> list[Refusal]:
    """Images that are of no release, or on the policy's list of those that do not go to production yet."""
    found = []
    for image in sorted(images(release.objects)):
        name, _, digest = image.partition("@")
        tag = name.rpartition("/")[2].partition(":")[2]
        if not tag and not digest:
            found.append(Refusal("release", f"The image {image} has no tag, which means latest: name the release."))
        elif word := _word(tag):
            found.append(Refusal("release", f"The image {image} is of no release ({word}): promote what was released."))
        pattern = next((one for one in not_yet if any(fnmatch.fnmatchcase(part, one) for part in _names(image))), None)
        if pattern is not None:
            found.append(
                Refusal(
                    "not yet", f"The image {image} does not go to production yet: the policy's not_yet has {pattern}."
                )
            )
    return found


def _names(image: str) -> set[str]:
    """All that a pattern may mean: the image with tag and digest, without, and its last part."""
    tagged = image.partition("@")[0]
    folder, slash, last = tagged.rpartition("/")
    bare = f"{folder}{slash}{last.partition(':')[0]}"
    return {image, tagged, bare, last, last.partition(":")[0]}


def _word(version: str) -> str:
    """What in a tag or version says that it is of no release; empty if nothing does."""
    if word := unfinished(version):
        return word
    try:
        return version if Version(version).is_prerelease else ""
    except InvalidVersion:
        return ""


def chart_refusals(chart: Mapping[str, Any]) -> list[Refusal]:
    """Versions in a Chart.yaml that are of no release: the chart's, its application's, and those of charts that it depends on."""
    dependencies = chart.get("dependencies") or ()
    said = [("version", chart.get("version")), ("appVersion", chart.get("appVersion"))]
    said += [(f"dependency {one.get('name')}", one.get("version")) for one in dependencies if isinstance(one, Mapping)]
    return [
        Refusal("release", f"Chart.yaml: {what} {version} is of no release ({word}): name one that was released.")
        for what, version in said
        if version is not None and (word := _word(str(version)))
    ]


def value_refusals(values: Mapping[str, Any]) -> list[Refusal]:
    """Values that look like a tag, an image or a pin (`name==version`) of no release."""
    found = []
    for path, value in _leaves(values):
        versions = [value] if path.rpartition(".")[2] in _TAGS else []
        versions += [match[1] for match in [_IMAGE.fullmatch(value)] if match]
        versions += [version for _, version in _PIN.findall(value)]
        word = next(filter(None, map(_word, versions)), "") or ("from a repository" if _FROM_GIT.search(value) else "")
        if word:
            found.append(
                Refusal("release", f"{path} is {value!r}, which is of no release ({word}): name what was released.")
            )
    return found


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _leaves(inner, f"{path}[{number}]")
    elif value is not None:
        yield path, str(value)


def kept_refusals(before: Mapping[str, Any], after: Mapping[str, Any], keep: Sequence[str]) -> list[Refusal]:
    """Values of the keep list that were set before, and are not the same any more."""
    pairs = [(key, at(before, key, _UNSET), at(after, key, _UNSET)) for key in keep]
    return [
        Refusal(
            "keep",
            f"{key} was {_json(old)} and is {'not set' if new is _UNSET else _json(new)}: the policy keeps it; put it back.",
        )
        for key, old, new in pairs
        if old is not _UNSET and (new is _UNSET or _json(old) != _json(new))
    ]


def unproved_images(source: Release, destination: Release) -> list[Refusal]:
    """Images that production would run and that were not in what was proved."""
    proved = images(source.objects)
    return [
        Refusal(
            "image",
            f"Production would run {image}, and {', '.join(sorted(proved)) or 'nothing'} was proved: run the same.",
        )
        for image in sorted(images(destination.objects) - proved)
    ]


def promoted_refusals(proved: Mapping[str, Any], values: Mapping[str, Any], keys: Sequence[str]) -> list[Refusal]:
    """Promoted keys that are not in production what they were where they were proved."""
    pairs = [(key, proved.get(key, _UNSET), at(values, key, _UNSET)) for key in keys]
    return [
        Refusal(
            "values", f"{key} is {_json(now)} in production and {_json(then)} was proved: run `gate promote` again."
        )
        for key, then, now in pairs
        if _json(then) != _json(now)
    ]


def _json(value: Any) -> str:
    return "not set" if value is _UNSET else json.dumps(value, sort_keys=True, default=str)
