"""How templates of HTML pages are filled: all that is printed is escaped, and made visible, so that evidence is shown and never obeyed."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from promotion_gate.reporters.visible import visible


def pages_of(package: str) -> Environment:
    """The templates in a package's folder `templates`."""
    return Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        # Runs on every value that the template prints, so that none can be forgotten.
        finalize=lambda value: visible(value) if type(value) is str else value,
    )
