"""Compares who can reach whom with who may: the sentences of an environment, none when both are the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from chart_harness.reachability import Call, reachable
from chart_harness.reachability_declared import declared, expected, one_sided
from chart_harness.reachability_places import places
from chart_harness.render import Release


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
    missing = sorted(known.keys() ^ releases.keys())
    if missing:
        return [f"{', '.join(missing)}: values or a release are missing, so nobody's calls can be judged."]
    everybody = places(list(releases.values()), environment, others)
    return [*one_sided(known), *differences(reachable(releases.values(), everybody), expected(known, everybody))]


def differences(can: set[Call], may: set[Call]) -> list[str]:
    """A sentence for each call that is possible and not declared, or declared and not possible."""
    return [
        *(f"{call} is possible, but nobody declares it: a NetworkPolicy is too wide." for call in _sorted(can - may)),
        *(f"{call} is declared, but a NetworkPolicy keeps it out." for call in _sorted(may - can)),
    ]


def _sorted(calls: set[Call]) -> list[Call]:
    return sorted(calls, key=str)
