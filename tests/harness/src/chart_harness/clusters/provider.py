"""Where a cluster comes from."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Protocol

from chart_harness.clusters.cluster import Cluster, ClusterError

Progress = Callable[[str], None]
"""Called with one line for each thing that is done."""


class ClusterChanged(ClusterError):
    """A cluster runs, but `start` would make another one now; the message says what has changed."""


class ClusterProvider(Protocol):
    """Makes or finds one cluster, the one of its name. `session` lets one process at a time call it."""

    @property
    def name(self) -> str:
        """What the cluster is called among all clusters of this host."""

    def find(self) -> Cluster | None:
        """The cluster, if it runs and is what `start` would make; None if there is none, or only a broken one.

        Raises ClusterChanged when it runs and is not what `start` would make, ClusterError when it may not be used.
        """

    def start(self) -> Cluster:
        """Makes the cluster anew, or finds it. Whatever stops it leaves no half of a cluster. Raises ClusterError."""

    def stop(self) -> None:
        """Deletes what `start` has made; a cluster that was found is left alone. Raises ClusterError."""

    def tidy(self, cluster: Cluster) -> None:
        """Removes what killed runs have left in the cluster. For the first session of a cluster that nobody uses."""


class Stopwatch:
    """Says what is done, with the seconds since the start and since the line before. For one thread."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._began = self._last = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self._began

    def __call__(self, what: str) -> None:
        """Says that `what` has been done."""
        now = time.monotonic()
        self._progress(f"{now - self._began:6.1f} s  (+{now - self._last:.1f})  {what}")
        self._last = now


def to_standard_error(line: str) -> None:
    """Progress for a person who waits."""
    sys.stderr.write(f"cluster: {line}\n")
    sys.stderr.flush()
