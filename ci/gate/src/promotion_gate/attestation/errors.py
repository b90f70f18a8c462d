"""What can be wrong with a signed verdict or a key."""

from __future__ import annotations


class AttestationError(ValueError):
    """A key or a signed verdict cannot be used; the message is one sentence that says which, why, and what to do."""


class UntrustedError(AttestationError):
    """The signed verdict can be read, and nothing vouches for it: it is not signed, by nobody trusted, altered, or about something else."""
