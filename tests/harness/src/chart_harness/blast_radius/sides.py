"""Both renders: the fleet of a commit, from that commit's own charts, and the fleet of another one or of the working tree."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chart_harness.blast_radius.errors import CannotCompareError
from chart_harness.blast_radius.fleet_policies import Fleet
from chart_harness.blast_radius.git import Repository
from chart_harness.fleet_render import render_fleet


@dataclass(frozen=True)
class Sides:
    """What is compared.

    Attributes:
        base, head: what was rendered, in words.
        before, after: the releases.
        acknowledged: what the commits between the two acknowledge.
        notes: sentences on what the reader should know about this comparison.
    """

    base: str
    head: str
    before: Fleet
    after: Fleet
    acknowledged: frozenset[str]
    notes: tuple[str, ...]


def sides(root: Path, base: str, head: str | None) -> Sides:
    """Render the fleet at `base`, and at `head` or as it is in the working tree. Raises CannotCompareError."""
    repository = Repository(root)
    before_commit = repository.commit(base)
    after_commit = repository.commit(head or "HEAD")
    base_said = _said(repository, base, before_commit)
    notes: Sequence[str] = ()
    with tempfile.TemporaryDirectory(prefix="blast-radius-") as scratch:
        before = _of_commit(repository, before_commit, base_said, Path(scratch) / "before")
        if head is None:
            head_said = "the working tree"
            after = _rendered(root, head_said)
            notes = _uncommitted(repository.uncommitted())
        else:
            head_said = _said(repository, head, after_commit)
            after = _of_commit(repository, after_commit, head_said, Path(scratch) / "after")
    if not repository.contains(after_commit, before_commit):
        notes = [
            *notes,
            f"{base_said} has commits that {head_said} is not built on: what they did shows here as undone. "
            f"To leave them out, compare with BASE=$(git merge-base {base} {head or 'HEAD'}).",
        ]
    acknowledged = frozenset(repository.acknowledged(before_commit, after_commit))
    return Sides(base_said, head_said, before, after, acknowledged, tuple(notes))


def _of_commit(repository: Repository, commit: str, said: str, folder: Path) -> Fleet:
    folder.mkdir()
    repository.extract_charts(commit, folder, said)
    return _rendered(folder, said)


def _rendered(root: Path, said: str) -> Fleet:
    rendered = render_fleet(root)
    if rendered.errors:
        (service, environment), sentence = min(rendered.errors.items())
        more = len(rendered.errors) - 1
        others = f" (nor {'does' if more == 1 else 'do'} {more} more)" if more else ""
        raise CannotCompareError(f"{service} in {environment} does not render in {said}{others}: {sentence}")
    if not rendered.releases:
        raise CannotCompareError(f"There is no service with an environment in {said}: there is nothing to compare.")
    return rendered.releases


def _said(repository: Repository, name: str, commit: str) -> str:
    short = repository.short(commit)
    return short if commit.startswith(name) else f"{name} ({short})"


def _uncommitted(files: list[str]) -> list[str]:
    if not files:
        return []
    more = len(files) - 1
    others = f" and {more} more file{'s' if more > 1 else ''}" if more else ""
    return [f"The working tree has changes that are not committed, in {files[0]}{others}: they are compared, too."]
