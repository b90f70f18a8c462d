"""The state of the fleet as one self-contained page: it loads nothing, runs no script and may be mailed or archived."""

from __future__ import annotations

from datetime import UTC

from jinja2 import Environment, PackageLoader, StrictUndefined

from promotion_gate.fleet import sentences
from promotion_gate.fleet.document import FleetStatus
from promotion_gate.reporters.visible import visible

_environment = Environment(
    loader=PackageLoader("promotion_gate.fleet"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    # Runs on every value that the template prints, so that none can be forgotten.
    finalize=lambda value: visible(value) if type(value) is str else value,
)


def render(status: FleetStatus) -> str:
    """The page as text; everything that comes from files is escaped."""
    return _environment.get_template("status.html.j2").render(
        status=status,
        waves=sentences.by_wave(status),
        symbols=sentences.SYMBOLS,
        wave_title=lambda wave: sentences.wave_title(wave, status),
        environment_line=sentences.environment_line,
        age_of=lambda row: sentences.age_of(row, status),
        at=f"{status.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC",
    )
