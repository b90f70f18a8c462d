"""Why the fleet cannot be compared."""

from __future__ import annotations


class CannotCompareError(RuntimeError):
    """There is nothing to compare with; the message is one sentence that says what to do."""
