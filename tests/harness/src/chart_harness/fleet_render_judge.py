"""Reads what the renderer wrote of one release, and says what the API server would refuse: as `chart_harness.render.render` does."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chart_harness import fleet_render_store as store
from chart_harness.errors import RenderError
from chart_harness.frozen import freeze, thaw
from chart_harness.manifest import parse
from chart_harness.render import Release, validated

Judged = tuple[str, str, list[Any]]
"""The error, the text and the plain objects of a release; where there is an error there is nothing else."""


def judged(result: Mapping[str, str], release: Mapping[str, Any]) -> Judged:
    """What the renderer's result is worth."""
    if result["error"]:
        return result["error"], "", []
    try:
        places = [Path(place) for place in release["crds"]]
        objects = validated(parse(result["text"]), release["kube_version"], places)
    except RenderError as error:
        return str(error), "", []
    return "", result["text"], thaw(objects)


def assess(release: Mapping[str, Any], kept: Judged) -> None:
    """Hold a release that renders against the fleet's policies, where that is asked for, and keep what they say."""
    error, _, objects = kept
    if error or not release["assessed"]:
        return
    from chart_harness.checks import POLICIES

    rendered = Release(
        name=release["service"],
        namespace=release["environment"],
        chart=Path(release["chart"]),
        objects=freeze(objects),
    )
    store.write(
        release["assessed"], [(policy.name, sentence) for policy in POLICIES for sentence in policy.assess(rendered)]
    )
