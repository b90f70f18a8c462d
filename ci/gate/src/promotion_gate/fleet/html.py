"""The state of the fleet as one self-contained page: it loads nothing, runs no script and may be mailed or archived."""

from __future__ import annotations

from datetime import UTC

from promotion_gate.fleet import sentences
from promotion_gate.fleet.document import FleetStatus
from promotion_gate.reporters.templating import pages_of

_pages = pages_of("promotion_gate.fleet")


def render(status: FleetStatus) -> str:
    """The page as text; everything that comes from files is escaped."""
    return _pages.get_template("status.html.j2").render(
        status=status,
        waves=sentences.by_wave(status),
        symbols=sentences.SYMBOLS,
        wave_title=lambda wave: sentences.wave_title(wave, status),
        environment_line=sentences.environment_line,
        age_of=lambda row: sentences.age_of(row, status),
        at=f"{status.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC",
    )
