"""A time on an object of the cluster, renewed while the gate that made it lives: one that is killed cannot take its object along."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from chart_harness.clusters.cluster import ClusterError

ALIVE_AT = "promotion-gate/alive-at"
"""The annotation that holds the time."""
RENEW_SECONDS = 10.0
DEAD_AFTER = timedelta(seconds=60)
"""Several renewals, and what two hosts' clocks may differ."""


def sign_of_life() -> dict[str, str]:
    """The annotation, of now."""
    return {ALIVE_AT: datetime.now(UTC).isoformat(timespec="seconds")}


class SignsOfLife:
    """Calls `renew` with a new annotation every RENEW_SECONDS, in a thread of its own, from `begin` to `end`."""

    def __init__(self, name: str, renew: Callable[[dict[str, str]], object]) -> None:
        self._renew = renew
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name=f"renew-{name}", daemon=True)

    def begin(self) -> None:
        """Once."""
        self._thread.start()

    def end(self) -> None:
        """Renews no more; safe twice, and before `begin`."""
        self._ending.set()

    def _go_on(self) -> None:
        while not self._ending.wait(RENEW_SECONDS):
            with suppress(ClusterError):  # the API is busy: many renewals have to fail before it matters
                self._renew(sign_of_life())


def is_abandoned(item: Mapping[str, Any], now: datetime) -> bool:
    """Whether nobody has renewed it for DEAD_AFTER; one without a time that can be read is not a gate's, and is left alone."""
    try:
        alive_at = datetime.fromisoformat((item["metadata"].get("annotations") or {})[ALIVE_AT])
        return now - alive_at > DEAD_AFTER
    except (KeyError, ValueError, TypeError):  # TypeError: a time without a zone
        return False
