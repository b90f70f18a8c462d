"""Which services a range of commits changes, by what is rendered of them: the question of a pipeline that verifies no more than it must.

Not by the paths of files: a line in a library chart changes every service, a comment in one's own values none.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from chart_harness.blast_radius.git import Repository
from chart_harness.fleet import environments, services
from chart_harness.fleet_render import render_fleet
from chart_harness.render import RenderError
from promotion_gate.manifests import Objects, manifests_digest

GATE_FILE = "gate.yaml"


@dataclass(frozen=True)
class Changed:
    """Services, sorted."""

    services: tuple[str, ...]
    """Those of which other objects are rendered, or that are to be verified otherwise; new ones among them."""
    removed: tuple[str, ...]


def changed(root: Path, base: str, head: str, environment: str) -> Changed:
    """What the commits of `head` that are not in `base` change of the services in an environment.

    Compared is with the commit at which the two parted: what others have done in `base` since is not a change of `head`.
    Raises CannotCompareError for what is no commit, RenderError for a service that does not render in `head`.
    """
    repository = Repository(root)
    parted = repository.parted(repository.commit(base), repository.commit(head))
    with tempfile.TemporaryDirectory(prefix="changed-") as scratch:
        before, after = (
            _digests(repository, commit, Path(scratch) / name, environment, said, strict=name == "after")
            for name, commit, said in (("before", parted, base), ("after", repository.commit(head), head))
        )
    return compare(before, after)


def compare(before: Mapping[str, str], after: Mapping[str, str]) -> Changed:
    """By service, the digest of what is rendered on each side. Pure."""
    return Changed(
        tuple(sorted(service for service, digest in after.items() if before.get(service) != digest)),
        tuple(sorted(before.keys() - after.keys())),
    )


def _digests(
    repository: Repository, commit: str, folder: Path, environment: str, said: str, *, strict: bool
) -> dict[str, str]:
    folder.mkdir()
    repository.extract_charts(commit, folder, said)
    there = [(name, environment) for name in services(folder) if environment in environments(folder, name)]
    rendered = render_fleet(folder, releases=there)
    if strict and rendered.errors:
        (service, _), sentence = min(rendered.errors.items())
        raise RenderError(f"{service} does not render for {environment} in {said}: {sentence}")
    return {
        # what did not render before has no digest, so that it counts as changed
        service: ""
        if (service, environment) in rendered.errors
        else _digest(folder, service, rendered.releases[service, environment].objects)
        for service, _ in there
    }


def _digest(folder: Path, service: str, objects: Objects) -> str:
    plan = folder / "charts" / "services" / service / GATE_FILE
    return f"{manifests_digest(objects)} {plan.read_text(encoding='utf-8') if plan.exists() else ''}"
