"""The verdict on a comparison: its groups of changes, and which of them nobody has acknowledged."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from chart_harness.blast_radius.compare import compare
from chart_harness.blast_radius.grouping import Group, group
from chart_harness.blast_radius.sides import Sides


@dataclass(frozen=True)
class Outcome:
    """What was found.

    Attributes:
        groups: the changes, most dangerous first.
        acknowledged: identities that somebody acknowledged, in a commit or on the command line.
        notes: sentences on what the reader should know.
    """

    sides: Sides
    groups: tuple[Group, ...]
    acknowledged: frozenset[str]
    notes: tuple[str, ...]

    def is_open(self, one: Group) -> bool:
        """Whether a change must be acknowledged and is not."""
        return one.blocks and one.identity not in self.acknowledged

    @property
    def open(self) -> list[Group]:
        """The changes that fail the comparison."""
        return [one for one in self.groups if self.is_open(one)]


def assess(sides: Sides, acknowledged: Collection[str]) -> Outcome:
    """Compare both sides. `acknowledged` is what the command line says; commits may say more."""
    groups = tuple(group(compare(sides.before, sides.after)))
    known = {one.identity for one in groups}
    stale = [
        f"No change has the ID {identity}: what it acknowledged is gone, or is another change now."
        for identity in sorted(set(acknowledged) - known)
    ]
    return Outcome(sides, groups, sides.acknowledged | frozenset(acknowledged), (*sides.notes, *stale))
