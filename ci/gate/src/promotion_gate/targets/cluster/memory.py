"""A container's memory, read once a second from its own cgroup, by a shell in it.

What is sampled is the working set, as the kubelet reckons it: all that the cgroup is charged, less the file pages that the kernel
drops first. The cgroup's own peak (memory.peak, memory.max_usage_in_bytes) is not used: it counts those pages too, so a service that
reads one large file would seem to have reached its limit. What lies between two samples is not seen, with one exception: the
cgroup counts the processes that were killed because the limit was reached, and that is told as a sample at the limit.
The shell itself is charged to the container, a megabyte or two.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from chart_harness.clusters.cluster import Cluster, ClusterError
from promotion_gate.targets.cluster.execution import ExecutionError, failure, running

_SCRIPT = """
cd /sys/fs/cgroup || exit 1
if [ -r memory.current ]; then
  usage=memory.current cache=inactive_file kills=memory.events
else
  cd memory || exit 1
  usage=memory.usage_in_bytes cache=total_inactive_file kills=memory.oom_control
fi
while :; do
  read -r used < $usage || exit 1
  dropped=0 killed=0
  while read -r key value; do [ "$key" = $cache ] && dropped=$value; done < memory.stat
  while read -r key value; do [ "$key" = oom_kill ] && killed=$value; done < $kills
  echo "$used $dropped $killed" || exit 1
  sleep 1
done
"""
"""cgroup v2, else v1. Nothing but `sleep` is started, so that measuring weighs little."""

_PATIENCE = 5.0
"""Seconds without a sample after which the connection is taken as dead."""


class MemorySampler:
    """Samples one container in a thread of its own, until the container ends or `stop`. `samples` may be read from any thread."""

    def __init__(self, cluster: Cluster, namespace: str, pod: str, limit: int | None, clock: Callable[[], float]) -> None:
        self._where = (cluster, namespace, pod)
        self._limit = limit
        self._clock = clock
        self._samples: list[tuple[float, int]] = []
        self._stopping = threading.Event()
        self.fault = ""
        """Why the container could not be read; empty if it could, or if it ended."""
        self._thread = threading.Thread(target=self._run, name=f"memory-of-{pod}", daemon=True)

    @property
    def samples(self) -> tuple[tuple[float, int], ...]:
        """Seconds of the clock, and bytes."""
        return tuple(self._samples)

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Asks for the end, without waiting."""
        self._stopping.set()

    def _run(self) -> None:
        try:
            with running(*self._where, ["sh", "-c", _SCRIPT]) as connection:
                heard = time.monotonic()
                while connection.is_open() and not self._stopping.is_set():
                    line = connection.readline_channel(1, timeout=0.5)
                    if line:
                        heard = time.monotonic()
                        self._samples.append((round(self._clock(), 2), working_set(line.decode(), self._limit)))
                    elif time.monotonic() - heard > _PATIENCE:
                        raise ExecutionError(f"no memory sample of {self._where[2]} for {_PATIENCE:g} s")
                if not self._stopping.is_set():
                    self.fault = failure(connection)
        except (ExecutionError, ClusterError, ValueError) as error:
            self.fault = str(error)


def working_set(line: str, limit: int | None) -> int:
    """Bytes, from what the script prints: charged, of that droppable, processes killed for want of memory. Raises ValueError."""
    used, dropped, killed = (int(part) for part in line.split())
    return limit if killed and limit else max(0, used - dropped)
