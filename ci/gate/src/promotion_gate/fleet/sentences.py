"""What the fleet's tables say in words: ages, and how many releases stand how."""

from __future__ import annotations

from datetime import datetime

from promotion_gate.counted import counted
from promotion_gate.fleet.document import EnvironmentSummary, FleetStatus, ReleaseStatus, Standing

SYMBOLS = {
    Standing.PROVED: "✓",
    Standing.OVERRIDDEN: "!",
    Standing.AGED: "~",
    Standing.BLOCKED: "✗",
    Standing.UNPROVED: "·",
}
ASCII_SYMBOLS = SYMBOLS | {Standing.PROVED: "+", Standing.BLOCKED: "x", Standing.UNPROVED: "."}
NEW_BACKEND = "otel"
"""What the fleet is on its way to."""


def age(since: datetime, now: datetime) -> str:
    """How long ago, in the largest unit that fits: `5m`, `3h`, `12d`; `now` in the first minute, and for the future."""
    minutes = int((now - since).total_seconds() // 60)
    if minutes < 1:
        return "now"
    if minutes < 60:
        return f"{minutes}m"
    return f"{minutes // 60}h" if minutes < 48 * 60 else f"{minutes // (24 * 60)}d"


def age_of(row: ReleaseStatus, status: FleetStatus) -> str:
    """The age of the verdict that decides; empty if there is none."""
    verdict = row.verdict
    return "" if verdict is None or verdict.finished_at is None else age(verdict.finished_at, status.at)


def environment_line(summary: EnvironmentSummary) -> str:
    """E.g. `42 services, 42 on otel; 40 proved, 1 blocked, 1 unproved`."""
    on_new = summary.backends.get(NEW_BACKEND, 0)
    rest = ", ".join(f"{number} {standing}" for standing, number in summary.standings.items() if number)
    return f"{counted(summary.services, 'service')}, {on_new} on {NEW_BACKEND}; {rest or 'nothing is known'}"


def wave_title(wave: int | None, status: FleetStatus) -> str:
    """E.g. `Wave 1: http-api`."""
    return f"Wave {wave}: {', '.join(status.waves[wave - 1])}" if wave else "In no wave"


def by_wave(status: FleetStatus) -> dict[int | None, dict[str, dict[str, ReleaseStatus]]]:
    """The rows by wave, service and environment: waves in their order, what is in none last, services by name."""
    ordered = sorted(status.releases, key=lambda row: (row.wave is None, row.wave or 0, row.service))
    waves: dict[int | None, dict[str, dict[str, ReleaseStatus]]] = {}
    for row in ordered:
        waves.setdefault(row.wave, {}).setdefault(row.service, {})[row.environment] = row
    return waves
