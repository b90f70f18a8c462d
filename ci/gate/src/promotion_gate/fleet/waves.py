"""Which services are in which wave, and whether a wave may begin."""

from __future__ import annotations

from collections.abc import Sequence

from promotion_gate.counted import counted
from promotion_gate.fleet.document import FleetStatus
from promotion_gate.fleet.errors import FleetStateError
from promotion_gate.fleet.rollout import unfinished
from promotion_gate.policy import Promotion

_NAMED = 5


def services_by_wave(status: FleetStatus, promotion: Promotion) -> tuple[tuple[str, ...], ...]:
    """The services that can be promoted, by wave and by name. One without both environments is in none."""
    environments: dict[str, set[str]] = {}
    for row in status.releases:
        environments.setdefault(row.service, set()).add(row.environment)
    both = {promotion.source, promotion.destination}
    waves: dict[int, set[str]] = {}
    for row in status.releases:
        if row.wave is not None and both <= environments[row.service]:
            waves.setdefault(row.wave, set()).add(row.service)
    return tuple(tuple(sorted(waves.get(number, ()))) for number in range(1, len(status.waves) + 1))


def hold_to_order(wave: int, waves: Sequence[Sequence[str]], status: FleetStatus, promotion: Promotion) -> None:
    """That the wave exists, and that every one before it stands in production. Raises FleetStateError."""
    if not 1 <= wave <= len(waves):
        raise FleetStateError(f"There is no wave {wave}: the policy has {counted(len(waves), 'wave')}, from 1.")
    if not waves[wave - 1]:
        raise FleetStateError(
            f"Wave {wave} has no services: no chart has a role of {', '.join(status.waves[wave - 1])}."
        )
    standing = {
        row.service: row.verdict.sha256
        for row in status.releases
        if row.environment == promotion.destination and row.verdict is not None and row.standing.stands
    }
    for number, services in unfinished(waves, wave, standing.get).items():
        shown = ", ".join(services[:_NAMED]) + (f" and {len(services) - _NAMED} more" if len(services) > _NAMED else "")
        raise FleetStateError(
            f"Wave {wave} has to wait: of wave {number}, {shown} {'is' if len(services) == 1 else 'are'} not promoted, or not any more;"
            f" run `gate rollout --wave {number}` first."
        )
