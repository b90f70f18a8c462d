"""The `bad-label` switch of consumer and runner: a counter of the service's own with the forbidden label user_id."""

from __future__ import annotations

from reference_service.misbehave import Switch
from service_metrics import Counter


class UserLabel:
    """A counter by user where the switch is on; nothing at all where it is off."""

    def __init__(self, metric: str, switches: frozenset[Switch]) -> None:
        self._counter = None
        if Switch.BAD_LABEL in switches:
            self._counter = Counter(metric, "Units of work by user.", ("user_id",))

    def add(self, user_id: str) -> None:
        """Count one unit of work of `user_id`."""
        if self._counter is not None:
            self._counter.labels(user_id).inc()
