"""The report for people: Markdown that reads well in a terminal and in a merge request."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from chart_harness.blast_radius.change import Kind
from chart_harness.blast_radius.grouping import ENVIRONMENT, SERVICE, Group
from chart_harness.blast_radius.outcome import Outcome

LONGEST = 160
"""Characters of a value that are shown."""
_INLINE = 8
"""Services that are named without folding them away."""


def markdown(outcome: Outcome) -> str:
    """The whole report."""
    return "\n".join(_lines(outcome)) + "\n"


def _lines(outcome: Outcome) -> Iterator[str]:
    sides = outcome.sides
    yield f"# Blast radius: {sides.base} → {sides.head}"
    yield ""
    yield _summary(outcome)
    for note in outcome.notes:
        yield ""
        yield f"> {note}"
    if any(mark in str(one.difference) for one in outcome.groups for mark in (SERVICE, ENVIRONMENT)):
        yield ""
        yield f"{SERVICE} and {ENVIRONMENT} stand for the release's own."
    everywhere = {service for service, _ in {*sides.before, *sides.after}}
    for kind, groups in groupby(outcome.groups, key=lambda one: one.difference.kind):
        yield ""
        yield f"## {kind.title}"
        yield kind.meaning
        yield ""
        for one in groups:
            yield from _entry(one, outcome, len(everywhere))


def _summary(outcome: Outcome) -> str:
    compared = f"{len(outcome.sides.after)} releases compared"
    if not outcome.groups:
        return f"{compared}: nothing changes."
    waiting = len(outcome.open)
    touched = {release for one in outcome.groups for release in one.releases}
    restarts = {
        (release, one.difference.where)
        for one in outcome.groups
        if one.difference.kind is Kind.PODS_RESTART
        for release in one.releases
    }
    verdict = (
        f"**{_count(waiting, 'change')} must be acknowledged or undone.**"
        if waiting
        else "Nothing is left to acknowledge."
    )
    return (
        f"{verdict} {compared}, {_count(len(outcome.groups), 'change')} in {len(touched)} of them; "
        f"the pods of {_count(len(restarts), 'Deployment')} restart."
    )


def _entry(one: Group, outcome: Outcome, services: int) -> Iterator[str]:
    difference = one.difference
    what = f", {_plain(difference.what)}" if difference.what else ""
    listed = difference.kind in {Kind.POLICY_WIDENED, Kind.POLICY_NARROWED}
    values = "" if listed else _values(difference.before, difference.after)
    yield f"- **{_plain(difference.where)}**{what}{values}"
    if listed:
        for sign, grants in (("now also", difference.after), ("no longer", difference.before)):
            for grant in (grants or "").split("; "):
                if grant:
                    yield f"  - {sign} {_plain(grant)}"
    state = ""
    if one.blocks:
        state = " · **not acknowledged**" if outcome.is_open(one) else " · acknowledged"
    yield f"  {_where(one, services)} · `{one.identity}`{state}"


def _plain(said: str) -> str:
    """The text as Markdown shows it: nothing in it is markup."""
    return re.sub(r"([<*`\\])", r"\\\1", said)


def _values(before: str | None, after: str | None) -> str:
    if before is not None and after is not None:
        one, other = _excerpts(before, after)
        return f": {_code(one)} → {_code(other)}"
    if before is not None:
        return f": was {_code(_cut(before))}"
    return "" if after is None else f": now {_code(_cut(after))}"


def _excerpts(before: str, after: str) -> tuple[str, str]:
    """Both values, of long ones the part where they begin to differ."""
    if max(len(before), len(after)) <= LONGEST:
        return before, after
    common = next(
        (i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), min(len(before), len(after))
    )
    start = max(0, common - LONGEST // 4)
    lead = "…" if start else ""
    return lead + _cut(before[start:]), lead + _cut(after[start:])


def _cut(value: str) -> str:
    return value if len(value) <= LONGEST else value[:LONGEST] + "…"


def _code(value: str) -> str:
    """A code span that holds the value whatever is in it."""
    said = " ".join(value.split()) or " "
    fence = "`"
    while fence in said:
        fence += "`"
    pad = " " if said.startswith("`") or said.endswith("`") else ""
    return f"{fence}{pad}{said}{pad}{fence}"


def _where(one: Group, services: int) -> str:
    """The services with the environments in which they have the change."""
    of_service: dict[str, list[str]] = {}
    for service, environment in one.releases:
        of_service.setdefault(service, []).append(environment)
    alike: dict[tuple[str, ...], list[str]] = {}
    for service, environments in of_service.items():
        alike.setdefault(tuple(environments), []).append(service)
    said = "; ".join(f"{', '.join(names)} ({', '.join(environments)})" for environments, names in alike.items())
    if len(of_service) <= _INLINE:
        return f"in {said}"
    how_many = f"all {services}" if len(of_service) == services else str(len(of_service))
    return f"<details><summary>in {how_many} services</summary>{said}</details>"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
