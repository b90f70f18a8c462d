"""What a policy is: a check that every release of the fleet must pass, with a name and what it asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chart_harness.render import Release


@dataclass(frozen=True)
class Policy:
    """A check that holds for the whole fleet; immutable, and safe to use from many threads and processes."""

    name: str
    title: str
    """What it asks for, in a sentence."""
    assess: Callable[[Release], list[str]]
    """The problems of a release, a sentence each; none when all is well."""
