"""The memory and CPU time of the release's containers, read once a second from each one's own cgroup, by a shell in it.

What is sampled of memory is the working set, as the kubelet reckons it: all that the cgroup is charged, less the file pages that the
kernel drops first. The cgroup's own peak (memory.peak, memory.max_usage_in_bytes) is not used: it counts those pages too, so a service
that reads one large file would seem to have reached its limit. What lies between two samples is not seen, with one exception: the
cgroup counts the processes that were killed because the limit was reached, and that is told as a sample at the limit.
The shell itself is charged to the container, a megabyte or two and a thousandth of a processor.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from chart_harness.clusters.cluster import Cluster, ClusterError
from chart_harness.clusters.objects import POD, Objects
from promotion_gate.evidence import CpuUse, MemoryUse
from promotion_gate.targets.cluster.execution import failure, running
from promotion_gate.targets.cluster.pods import out_of_memory_ends, running_container, was_out_of_memory

Object = Mapping[str, Any]

SCRIPT = """
cd "$1" || exit 1
if [ -r memory.current ]; then
  usage=memory.current cache=inactive_file stat=memory.stat kills=memory.events cpu=cpu.stat
else
  usage=memory/memory.usage_in_bytes cache=total_inactive_file stat=memory/memory.stat kills=memory/memory.oom_control cpu=
  for folder in cpuacct cpu,cpuacct; do [ -r $folder/cpuacct.usage ] && cpu=$folder/cpuacct.usage; done
fi
while :; do
  read -r used < $usage || exit 1
  dropped=0 killed=0 spent=-
  while read -r key value; do [ "$key" = $cache ] && dropped=$value; done < $stat
  while read -r key value; do [ "$key" = oom_kill ] && killed=$value; done < $kills
  if [ "$cpu" = cpu.stat ]; then
    [ -r cpu.stat ] && while read -r key value; do [ "$key" = usage_usec ] && spent=$value; done < cpu.stat
  elif [ "$cpu" ]; then
    read -r spent < $cpu && spent=$((spent / 1000))
  fi
  echo "$used $dropped $killed $spent" || exit 1
  sleep 1
done
"""
"""For cgroup v2, else v1, in the folder that is its argument. It starts nothing but `sleep`, so that measuring weighs little."""

LOOK_SECONDS = 1.0
"""Between two looks for containers that have started."""
SILENT_SECONDS = 10.0
"""Without a sample, after which the connection is taken for dead: a container may stand still for a while."""


@dataclass(frozen=True)
class Reading:
    """What a container's cgroup said at one time."""

    working_set: int
    """Bytes that the kernel cannot drop."""
    kills: int
    """Processes that were killed because the memory limit was reached, since the container started."""
    cpu: float | None
    """Seconds of CPU time since the container started; None if the cgroup does not say."""


def reading(line: str) -> Reading:
    """A line that the script prints: bytes charged, of that droppable, processes killed, microseconds of CPU. Raises ValueError."""
    used, dropped, killed, spent = line.split()
    return Reading(max(0, int(used) - int(dropped)), int(killed), None if spent == "-" else int(spent) / 1e6)


class UsageWatch:
    """Samples every container of the pods that `selector` selects in a namespace, from `start` to `stop`.

    `memory` and `cpu` are for one thread.
    """

    def __init__(self, cluster: Cluster, namespace: str, selector: str, limit: int | None) -> None:
        self._cluster, self._namespace, self._selector, self._limit = cluster, namespace, selector, limit
        self._samplers: list[_Sampler] = []
        self._stopping = threading.Event()
        self._fault = ""
        self._thread = threading.Thread(target=self._run, name=f"usage-of-{namespace}", daemon=True)

    def start(self) -> None:
        self._began = time.monotonic()
        self._thread.start()

    def stop(self) -> None:
        """Asks for the end, without waiting; safe twice and before `start`."""
        self._stopping.set()

    def memory(self, pods: Iterable[Object]) -> tuple[MemoryUse, ...]:
        """What each of the pods used so far. Raises ClusterError if the watch has broken, or could not read a container."""
        self._unbroken("memory")
        return tuple(self._memory_of(pod) for pod in pods)

    def cpu(self, pods: Iterable[Object]) -> tuple[CpuUse, ...]:
        """The CPU time of each of the pods so far. Raises ClusterError if it could not be watched or read."""
        self._unbroken("CPU time")
        return tuple(self._cpu_of(pod) for pod in pods)

    def _unbroken(self, what: str) -> None:
        if self._fault:
            raise ClusterError(f"{what} was not watched to the end: {self._fault}")

    def _memory_of(self, pod: Object) -> MemoryUse:
        name = str(pod["metadata"]["name"])
        faults, samplers = self._of(pod, "memory")
        # a kill is told by the limit: between two samples the memory that led to it was there, and went
        samples = [
            (at, self._limit if found.kills and self._limit else found.working_set)
            for sampler in samplers
            for at, found in list(sampler.readings)
        ]
        out_of_memory = was_out_of_memory(pod)
        if out_of_memory is None:
            raise ClusterError(
                f"the container of {name} was killed, and the runtime does not say whether for want of memory"
            )
        if out_of_memory and self._limit:
            samples.append((self._seconds(), self._limit))
        if faults and not samples:
            raise ClusterError(f"the memory of {name} could not be read: {faults[-1]}")
        return MemoryUse(name, tuple(samples), kills(pod, {s.container: s.kills for s in samplers}))

    def _cpu_of(self, pod: Object) -> CpuUse:
        name = str(pod["metadata"]["name"])
        faults, samplers = self._of(pod, "CPU time")
        readings = [each for sampler in samplers for each in list(sampler.readings)]
        if faults and not readings:
            raise ClusterError(f"the CPU time of {name} could not be read: {faults[-1]}")
        if any(found.cpu is None for _, found in readings):
            raise ClusterError(f"the cgroup of {name} does not tell its CPU time")
        return CpuUse(name, tuple((at, found.cpu) for at, found in readings if found.cpu is not None))

    def _of(self, pod: Object, what: str) -> tuple[list[str], list[_Sampler]]:
        """What went wrong with the pod's samplers, and these. Raises ClusterError if it runs and is no longer sampled."""
        name = str(pod["metadata"]["name"])
        samplers = [sampler for sampler in list(self._samplers) if sampler.pod == name]
        # Before the samples: a sampler that has ended has all of its own, one that ends meanwhile may seem to have none.
        faults = [sampler.fault for sampler in samplers if sampler.fault]
        last = max((sampler.readings[-1][0] for sampler in samplers if sampler.readings), default=None)
        if running_container(pod) and last is not None and self._seconds() - last > SILENT_SECONDS:
            raise ClusterError(f"the {what} of {name} was not watched to the end")
        return faults, samplers

    def _seconds(self) -> float:
        return round(time.monotonic() - self._began, 2)

    def _run(self) -> None:
        try:
            with Objects(self._cluster) as objects:
                while not self._stopping.is_set():
                    watched = {sampler.container for sampler in self._samplers if sampler.is_alive()}
                    for pod in objects.all(POD, self._namespace, self._selector):
                        container = running_container(pod)
                        if container and container not in watched:
                            self._sample(str(pod["metadata"]["name"]), container)
                    self._stopping.wait(LOOK_SECONDS)
        except ClusterError as error:
            self._fault = str(error)

    def _sample(self, pod: str, container: str) -> None:
        where = (self._cluster, self._namespace, pod)
        sampler = _Sampler(where, container, self._seconds, self._stopping)
        self._samplers.append(sampler)
        sampler.start()


class _Sampler(threading.Thread):
    """Samples one container, until it ends or `stopping` is set. `readings` and `fault` may be read from any thread."""

    def __init__(
        self,
        where: tuple[Cluster, str, str],
        container: str,
        seconds: Callable[[], float],
        stopping: threading.Event,
    ) -> None:
        """`where` is cluster, namespace and pod; `container` the id, another one after each restart."""
        super().__init__(name=f"usage-of-{where[2]}", daemon=True)
        self.pod, self.container = where[2], container
        self.readings: list[tuple[float, Reading]] = []
        self.fault = ""
        """Why it ended, other than by `stopping`; the end of the container is such a reason."""
        self._where, self._seconds, self._stopping = where, seconds, stopping

    @property
    def kills(self) -> int:
        """The cgroup's counter, as it was read last."""
        return self.readings[-1][1].kills if self.readings else 0

    def run(self) -> None:
        try:
            with running(*self._where, ["sh", "-c", SCRIPT, "sh", "/sys/fs/cgroup"]) as connection:
                heard = time.monotonic()
                while connection.is_open() and not self._stopping.is_set():
                    line = connection.readline_channel(1, timeout=0.5)
                    if line:
                        heard = time.monotonic()
                        self.readings.append((self._seconds(), reading(line.decode())))
                    elif time.monotonic() - heard > SILENT_SECONDS:
                        raise ClusterError(f"nothing was heard from it for {SILENT_SECONDS:g} s")
                if not self._stopping.is_set():
                    self.fault = failure(connection)
        except (ClusterError, ValueError) as error:
            self.fault = str(error)


def kills(pod: Object, counted: Mapping[str, int]) -> int:
    """Processes of the pod that were killed for want of memory.

    `counted` are those that the cgroup of each container counted, by the container's id. One that ended so took its counter with it,
    so each such end is one at least.
    """
    found = dict(counted)
    for container in out_of_memory_ends(pod):
        found[container] = max(1, found.get(container, 0))
    return sum(found.values())
