"""What can be wrong with a signed verdict or a key."""

from __future__ import annotations


class AttestationError(ValueError):
    """A key or a signed verdict cannot be used; the message is one sentence that says which, why, and what to do."""
