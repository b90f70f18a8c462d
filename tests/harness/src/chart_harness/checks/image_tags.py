"""In production runs what was released: no image without a tag, none that moves, none from before a release."""

from __future__ import annotations

import re

from chart_harness.checks.pod_template import Object, all_containers, environment, pod_templates
from chart_harness.render import Release

PRODUCTION = "production"
UNFINISHED = frozenset({
    "alpha", "beta", "branch", "canary", "debug", "dev", "devel", "develop", "development", "edge", "experiment",
    "experimental", "feature", "head", "latest", "local", "main", "master", "nightly", "pr", "pre", "prerelease", "preview",
    "rc", "snapshot", "staging", "test", "testing", "tip", "trunk", "unstable", "wip",
})  # fmt: skip
_SHORT = re.compile(r"v?\d+(\.\d+)*(a|b|c)\d+")  # 1.2.0a1 and 1.2.0b2, as Python writes them


def image_tags(release: Release) -> list[str]:
    """Images of a production release that are not of a release. Elsewhere anything may run."""
    problems = []
    templates = list(pod_templates(release))
    for owner, template in templates:
        for container in all_containers(template):
            if environment_of(release, container) != PRODUCTION:
                continue
            where = f"{owner}, container {container['name']}"
            image = str(container.get("image", ""))
            name, _, digest = image.partition("@")
            tag = name.rpartition("/")[2].partition(":")[2]
            if not tag and not digest:
                problems.append(f"{where}: image {image} has no tag, which means latest: name the release.")
            elif word := unfinished(tag):
                problems.append(f"{where}: image {image} is no release ({word}): production runs releases only.")
    return problems if templates else ["The release runs no pods."]


def environment_of(release: Release, container: Object) -> str:
    """The environment that the container's metrics carry, else the release's namespace."""
    labels = str(environment(container).get("CUSTOM_LABELS", {}).get("value", ""))
    found = re.search(r"(?:^|,)environment=([^,]*)", labels)
    return found[1] if found else release.namespace


def unfinished(tag: str) -> str:
    """The part of the tag that says it is no release; empty if none does."""
    words = re.findall(r"[a-z]+", tag.lower())
    return next((word for word in words if word in UNFINISHED), tag if _SHORT.fullmatch(tag.lower()) else "")
