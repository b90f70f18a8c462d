"""The rollout of one wave: verify all of its services, then promote those that are proved.

The engine decides, and remembers each step before it takes the next; a `World` does. So a rollout that is killed at any point goes
on where it stopped: what is on record is believed only as far as the world still bears it out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from promotion_gate.fleet.rollout_state import RolloutState, ServiceProgress, Stage


@dataclass(frozen=True)
class Verified:
    """What came of verifying a service."""

    verdict_sha256: str | None
    """Digest of the signed verdict; None if there is none."""
    refusal: str = ""
    """Why it may not be promoted, as a clause; empty if it may."""
    exit_code: int = 0
    """1 refused, 2 inconclusive, 3 could not run; 0 exactly if it may be promoted."""


@dataclass(frozen=True)
class Refusal:
    """Why a step did not do its work."""

    reason: str
    exit_code: int


class World(Protocol):
    """What is really there, and what really does the work."""

    def promoted(self, service: str) -> str | None:
        """Digest of the signed verdict that production was promoted with, if that promotion still stands."""

    def refusal(self, service: str, verdict_sha256: str) -> str:
        """Why the stored verdict of staging may not promote now, as a clause; empty if it is this one and it may."""

    def verify(self, services: Sequence[str]) -> Iterator[tuple[str, Verified]]:
        """Verifies each service in staging, several at a time or not; each comes as it is done."""

    def promote(self, service: str) -> Refusal | None:
        """Promotes what the stored verdict of staging proved; None if it did."""


Note = Callable[[RolloutState], None]
"""Keeps a state where the next run finds it. What it raises ends the rollout."""


def roll_out(state: RolloutState, world: World, keep: Note, clock: Callable[[], datetime]) -> RolloutState:
    """Carries the wave as far as it goes, and returns how far that was.

    Nothing is promoted before every service of the wave was verified, or failed. One that fails holds up none of the others of its
    wave; the next wave must not begin, see `unfinished`.
    """
    run = _Run(reconciled(state, world, keep, clock), world, keep, clock)
    run.verify()
    run.promote()
    return run.state


def reconciled(state: RolloutState, world: World, keep: Note, clock: Callable[[], datetime]) -> RolloutState:
    """What of the state the world bears out: what is then pending or failed has to be verified, what is verified to be promoted."""
    run = _Run(state, world, keep, clock)
    for service in state.services:
        run.reconcile(service)
    return run.state


class _Run:
    def __init__(self, state: RolloutState, world: World, keep: Note, clock: Callable[[], datetime]) -> None:
        self.state = state
        self._world = world
        self._keep = keep
        self._clock = clock

    def reconcile(self, service: str) -> None:
        """Holds what is on record against the world: a step that was taken and not noted is noted, one that does not hold any more is to be
        taken again."""
        progress, standing = self.state.services[service], self._world.promoted(service)
        noted = progress.verdict_sha256
        if standing is not None and (standing == noted or not self.state.anew):
            # Either this rollout did it, and was perhaps killed before it could say so, or somebody did it before.
            if (progress.stage, noted) != (Stage.PROMOTED, standing):
                self._note(service, Stage.PROMOTED, standing, "" if standing == noted else "was promoted before")
        elif progress.stage is Stage.PROMOTED:
            self._note(service, Stage.PENDING, None, "its promotion does not stand any more")
        elif progress.stage is Stage.VERIFIED and noted is not None and (why := self._world.refusal(service, noted)):
            self._note(service, Stage.PENDING, None, f"has to be verified again: {why}")

    def verify(self) -> None:
        waiting = [name for name, at in self.state.services.items() if at.stage in {Stage.PENDING, Stage.FAILED}]
        for service, result in self._world.verify(waiting) if waiting else ():
            if result.refusal or result.verdict_sha256 is None:
                reason = result.refusal or "no signed verdict was written"
                self._note(service, Stage.FAILED, result.verdict_sha256, reason, result.exit_code or 1)
            else:
                self._note(service, Stage.VERIFIED, result.verdict_sha256)

    def promote(self) -> None:
        for service, progress in self.state.services.items():
            sha256 = progress.verdict_sha256
            if progress.stage is not Stage.VERIFIED or sha256 is None:
                continue
            # The first of a long wave was verified long ago, and files may have changed meanwhile.
            why = self._world.refusal(service, sha256)
            refused = Refusal(why, 1) if why else self._world.promote(service)
            if refused:
                self._note(service, Stage.FAILED, sha256, refused.reason, refused.exit_code)
            else:
                self._note(service, Stage.PROMOTED, sha256)

    def _note(self, service: str, stage: Stage, sha256: str | None, reason: str = "", exit_code: int = 0) -> None:
        progress = ServiceProgress(
            stage=stage, verdict_sha256=sha256, at=self._clock(), reason=reason, exit_code=exit_code
        )
        self.state = self.state.with_progress(service, progress)
        self._keep(self.state)


def unfinished(
    waves: Sequence[Iterable[str]], before: int, promoted: Callable[[str], str | None]
) -> Mapping[int, tuple[str, ...]]:
    """By wave, those services of the waves before wave `before` (from 1) whose promotion does not stand: they come first."""
    left = {
        number: tuple(service for service in services if promoted(service) is None)
        for number, services in enumerate(waves[: before - 1], start=1)
    }
    return {number: services for number, services in left.items() if services}
