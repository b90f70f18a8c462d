"""What keeps the cleanup from knowing what is there, or what is referred to."""

from __future__ import annotations


class CleanupError(Exception):
    """Something could not be asked or read, so that nothing can be said; the message is one sentence that says what to do."""
