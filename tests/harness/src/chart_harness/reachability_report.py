"""Compares who can reach whom with who may: the sentences of an environment, none when both are the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from chart_harness.reachability import Call, Sides, reachable
from chart_harness.reachability_declared import declared, expected, one_sided
from chart_harness.reachability_places import places
from chart_harness.render import Release

_TOO_WIDE = "and its values do not say so: its NetworkPolicy is too wide."
_TOO_NARROW = "but its values say so: its NetworkPolicy is too narrow."


def reachability(
    root: Path, environment: str, releases: Mapping[str, Release], others: Sequence[str] = ()
) -> list[str]:
    """What is wrong with the calls of an environment.

    Arguments:
        root: the folder of charts/services, whose values are read.
        releases: what is rendered for the environment, by service.
        others: namespaces of other environments in the same cluster.
    """
    known = declared(root, environment)
    missing = sorted({one.service for one in known.values()} ^ releases.keys())
    if missing:
        return [f"{', '.join(missing)}: values or a release are missing, so nobody's calls can be judged."]
    everybody = places(list(releases.values()), environment, others)
    return [*one_sided(known), *differences(reachable(releases.values(), everybody), expected(known, everybody))]


def differences(rendered: Sides, values: Sides) -> list[str]:
    """A sentence for each call that one of its sides lets through and does not declare, or declares and does not let through.

    Each side is compared by itself: a service that admits everybody is found even while nobody else may call it.
    """
    return [
        *_sentences(rendered.admitted - values.admitted, "{target} admits {source} on port {port}", _TOO_WIDE),
        *_sentences(rendered.sent - values.sent, "{source} may call {target} on port {port}", _TOO_WIDE),
        *_sentences(
            values.admitted - rendered.admitted, "{target} does not admit {source} on port {port}", _TOO_NARROW
        ),
        *_sentences(values.sent - rendered.sent, "{source} may not call {target} on port {port}", _TOO_NARROW),
    ]


def _sentences(calls: frozenset[Call], what: str, why: str) -> list[str]:
    told = (what.format(source=call.source, target=call.target, port=call.port) for call in calls)
    return sorted(f"{sentence}, {why}" for sentence in told)
