"""The same change in many services is told once: groups of changes that differ in nothing but service and environment."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from chart_harness.blast_radius.change import ORDER, Change, Difference

# No Markdown, no PromQL and no template of Grafana has these brackets.
_OPEN, _CLOSE = "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}", "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"
SERVICE, ENVIRONMENT = f"{_OPEN}service{_CLOSE}", f"{_OPEN}environment{_CLOSE}"


@dataclass(frozen=True)
class Group:
    """One change and the releases it is in.

    Attributes:
        identity: the same as long as the change and its releases are; what one acknowledges.
        difference: in its texts SERVICE and ENVIRONMENT stand for the release's own where these differ.
        releases: pairs of service and environment, sorted.
    """

    identity: str
    difference: Difference
    releases: tuple[tuple[str, str], ...]

    @property
    def blocks(self) -> bool:
        """Whether somebody must acknowledge it."""
        return self.difference.kind.blocks


def group(changes: Iterable[Change]) -> list[Group]:
    """The changes in groups, the most dangerous kind first, then what is in most releases."""
    found: dict[Difference, set[tuple[str, str]]] = {}
    for change in changes:
        found.setdefault(_general(change), set()).add((change.service, change.environment))
    groups = [_group(difference, tuple(sorted(releases))) for difference, releases in found.items()]
    return sorted(groups, key=lambda one: (ORDER[one.difference.kind], -len(one.releases), one.identity))


def _group(general: Difference, releases: tuple[tuple[str, str], ...]) -> Group:
    kind = general.kind.key
    said = json.dumps([kind, general.where, general.what, general.before, general.after, releases])
    # Who acknowledges a change does so for these releases: with one more, it is another change.
    identity = hashlib.sha256(said.encode()).hexdigest()[:12]
    shown = general
    for placeholder, names in (
        (SERVICE, {name for name, _ in releases}),
        (ENVIRONMENT, {name for _, name in releases}),
    ):
        if len(names) == 1:
            shown = _with(shown, placeholder, next(iter(names)))
    return Group(identity, shown, releases)


def _general(change: Change) -> Difference:
    """The difference without the names of its release: whole words only, so `web` leaves `webhook` alone."""
    difference = change.difference
    for name, placeholder in ((change.service, SERVICE), (change.environment, ENVIRONMENT)):
        if name:
            difference = _with(
                difference, re.compile(rf"(?<![A-Za-z0-9{_OPEN}]){re.escape(name)}(?![A-Za-z0-9{_CLOSE}])"), placeholder
            )
    return difference


def _with(difference: Difference, old: str | re.Pattern[str], new: str) -> Difference:
    pattern = re.compile(re.escape(old)) if isinstance(old, str) else old

    def put(text: str | None) -> str | None:
        return None if text is None else pattern.sub(lambda _: new, text)

    return replace(
        difference,
        where=put(difference.where) or "",
        what=put(difference.what) or "",
        before=put(difference.before),
        after=put(difference.after),
    )
