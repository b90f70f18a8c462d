"""The memory of the release's containers, read once a second from each one's own cgroup, by a shell in it.

What is sampled is the working set, as the kubelet reckons it: all that the cgroup is charged, less the file pages that the kernel
drops first. The cgroup's own peak (memory.peak, memory.max_usage_in_bytes) is not used: it counts those pages too, so a service that
reads one large file would seem to have reached its limit. What lies between two samples is not seen, with one exception: the
cgroup counts the processes that were killed because the limit was reached, and that is told as a sample at the limit.
The shell itself is charged to the container, a megabyte or two.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

from chart_harness.clusters.cluster import Cluster, ClusterError
from chart_harness.clusters.objects import POD, Object, Objects
from promotion_gate.evidence import MemoryUse
from promotion_gate.targets.cluster.execution import failure, running
from promotion_gate.targets.cluster.pods import running_container, was_out_of_memory

SCRIPT = """
cd "$1" || exit 1
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
"""For cgroup v2, else v1, in the folder that is its argument. It starts nothing but `sleep`, so that measuring weighs little."""

LOOK_SECONDS = 1.0
"""Between two looks for containers that have started."""
SILENT_SECONDS = 10.0
"""Without a sample, after which the connection is taken for dead: a container may stand still for a while."""


class MemoryWatch:
    """Samples every container that runs in a namespace, from `start` to `stop`. `uses` is for one thread."""

    def __init__(self, cluster: Cluster, namespace: str, limit: int | None) -> None:
        self._cluster, self._namespace, self._limit = cluster, namespace, limit
        self._samplers: list[_Sampler] = []
        self._stopping = threading.Event()
        self._fault = ""
        self._thread = threading.Thread(target=self._run, name=f"memory-of-{namespace}", daemon=True)

    def start(self) -> None:
        self._began = time.monotonic()
        self._thread.start()

    def stop(self) -> None:
        """Asks for the end, without waiting; safe twice and before `start`."""
        self._stopping.set()

    def uses(self, pods: Iterable[Object]) -> tuple[MemoryUse, ...]:
        """What each of the pods used so far. Raises ClusterError if the watch has broken, or could not read a container."""
        if self._fault:
            raise ClusterError(f"memory was not watched to the end: {self._fault}")
        return tuple(self._use(pod) for pod in pods)

    def _use(self, pod: Object) -> MemoryUse:
        name = str(pod["metadata"]["name"])
        samplers = [sampler for sampler in list(self._samplers) if sampler.pod == name]
        # Before the samples: a sampler that has ended has all of its own, one that ends meanwhile may seem to have none.
        faults = [sampler.fault for sampler in samplers if sampler.fault]
        samples = [sample for sampler in samplers for sample in list(sampler.samples)]
        if running_container(pod) and samples and self._seconds() - samples[-1][0] > SILENT_SECONDS:
            raise ClusterError(f"the memory of {name} was not watched to the end")
        out_of_memory = was_out_of_memory(pod)
        if out_of_memory is None:
            raise ClusterError(
                f"the container of {name} was killed, and the runtime does not say whether for want of memory"
            )
        if out_of_memory and self._limit:
            samples.append((self._seconds(), self._limit))
        if faults and not samples:
            raise ClusterError(f"the memory of {name} could not be read: {faults[-1]}")
        return MemoryUse(name, tuple(samples))

    def _seconds(self) -> float:
        return round(time.monotonic() - self._began, 2)

    def _run(self) -> None:
        try:
            with Objects(self._cluster) as objects:
                while not self._stopping.is_set():
                    watched = {sampler.container for sampler in self._samplers if sampler.is_alive()}
                    for pod in objects.all(POD, self._namespace):
                        container = running_container(pod)
                        if container and container not in watched:
                            self._sample(str(pod["metadata"]["name"]), container)
                    self._stopping.wait(LOOK_SECONDS)
        except ClusterError as error:
            self._fault = str(error)

    def _sample(self, pod: str, container: str) -> None:
        where = (self._cluster, self._namespace, pod)
        sampler = _Sampler(where, container, self._limit, self._seconds, self._stopping)
        self._samplers.append(sampler)
        sampler.start()


class _Sampler(threading.Thread):
    """Samples one container, until it ends or `stopping` is set. `samples` and `fault` may be read from any thread."""

    def __init__(
        self,
        where: tuple[Cluster, str, str],
        container: str,
        limit: int | None,
        seconds: Callable[[], float],
        stopping: threading.Event,
    ) -> None:
        """`where` is cluster, namespace and pod; `container` the id, another one after each restart."""
        super().__init__(name=f"memory-of-{where[2]}", daemon=True)
        self.pod, self.container = where[2], container
        self.samples: list[tuple[float, int]] = []
        self.fault = ""
        """Why it ended, other than by `stopping`; the end of the container is such a reason."""
        self._where, self._limit, self._seconds, self._stopping = where, limit, seconds, stopping

    def run(self) -> None:
        try:
            with running(*self._where, ["sh", "-c", SCRIPT, "sh", "/sys/fs/cgroup"]) as connection:
                heard = time.monotonic()
                while connection.is_open() and not self._stopping.is_set():
                    line = connection.readline_channel(1, timeout=0.5)
                    if line:
                        heard = time.monotonic()
                        self.samples.append((self._seconds(), working_set(line.decode(), self._limit)))
                    elif time.monotonic() - heard > SILENT_SECONDS:
                        raise ClusterError(f"nothing was heard from it for {SILENT_SECONDS:g} s")
                if not self._stopping.is_set():
                    self.fault = failure(connection)
        except (ClusterError, ValueError) as error:
            self.fault = str(error)


def working_set(line: str, limit: int | None) -> int:
    """Bytes, from what the script prints: charged, of that droppable, processes killed for want of memory. Raises ValueError."""
    used, dropped, killed = (int(part) for part in line.split())
    return limit if killed and limit else max(0, used - dropped)
