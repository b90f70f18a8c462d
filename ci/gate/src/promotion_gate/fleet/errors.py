"""What can go wrong with the fleet's commands."""

from __future__ import annotations


class FleetStateError(Exception):
    """A rollout cannot begin, or go on; the message is one sentence that says why and what to do."""
