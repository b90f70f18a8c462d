"""What is wrong with a document, as the end of a sentence."""

from __future__ import annotations

from pydantic import ValidationError


def malformed(error: ValidationError) -> str:
    """The first thing that is wrong, with its key, and how many more there are, e.g. "release.service: Field required (4 more)"."""
    first, *others = error.errors(include_url=False, include_input=False)
    key = ".".join(str(part) for part in first["loc"]) or "as a whole"
    more = f" ({len(others)} more)" if others else ""
    return f"{key}: {first['msg']}{more}"
