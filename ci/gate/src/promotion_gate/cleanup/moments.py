"""Times as registries and indexes write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime


def moment(said: object) -> datetime | None:
    """The time in an RFC 3339 text, to the microsecond; None for anything else, and for the zero that stands for unknown."""
    if not isinstance(said, str):
        return None
    try:
        found = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", said))
    except ValueError:
        return None
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    return found if found.year > 1 else None
