"""Waits that end at their condition, at a deadline, or at once when the condition can no longer come true."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from chart_harness.clusters.cluster import Cluster, ClusterError
from chart_harness.clusters.complaints import Complaint
from chart_harness.clusters.logs import last_lines
from chart_harness.clusters.objects import DEPLOYMENT, POD, REPLICA_SET, Kind
from chart_harness.clusters.rollout import complaints, unfinished
from chart_harness.clusters.watching import DeadlinePassed, Snapshot, snapshots

Found = TypeVar("Found")

READY_SECONDS = 90.0
ASK_SECONDS = 0.5


class WaitTimeout(ClusterError):
    """The deadline has passed; the message says what was waited for and what was the case instead."""


class WorkloadFailed(ClusterError):
    """What is waited for will not come: `complaint` says which pod and container, and why; the message has its last lines."""

    def __init__(self, complaint: Complaint, log: str = "") -> None:
        super().__init__(f"{complaint}." + (f" The last lines of its log:\n{log}" if log else ""))
        self.complaint = complaint


class Waiting(Exception):
    """Raised by a condition that does not hold yet; the message says what is the case instead."""


class Workloads(Protocol):
    """What until_ready has to know of a release."""

    @property
    def cluster(self) -> Cluster: ...
    @property
    def namespace(self) -> str: ...
    @property
    def deployments(self) -> Sequence[str]: ...


def wait_for(
    condition: Callable[[Snapshot], Found],
    what: str,
    *,
    cluster: Cluster,
    namespace: str,
    kinds: Sequence[Kind] = (POD,),
    selector: str = "",
    deadline: float = READY_SECONDS,
) -> Found:
    """Watch `kinds` in `namespace` until `condition`, called with all of them after each change, returns; return what it returned.

    Arguments:
        condition: raises Waiting while it does not hold, anything else when it never will.
        what: what is waited for, as the rest of "waited 90 s for …".
        selector: the labels of the objects to watch, as kubectl writes them.
        deadline: seconds, for everything together.

    Raises WaitTimeout at the deadline, ClusterError when the cluster does not answer, and what `condition` raises.
    """
    instead = "the cluster has not said anything"
    with snapshots(cluster, namespace, kinds, selector, time.monotonic() + deadline) as states:
        try:
            for state in states:
                try:
                    return condition(state)
                except Waiting as reason:
                    instead = str(reason)
        except DeadlinePassed:
            pass
    raise WaitTimeout(f"Waited {deadline:.0f} s for {what}: {instead}.")


def until_ready(release: Workloads, *, deadline: float = READY_SECONDS) -> None:
    """Wait until every Deployment of the release has rolled out: all pods are of the newest revision, Ready, and no other is left.

    `deadline` is in seconds. Raises WorkloadFailed at once when a new pod cannot become ready or cannot be created,
    WaitTimeout at the deadline.
    """

    def rolled_out(state: Snapshot) -> None:
        by_name = {str(item["metadata"]["name"]): item for item in state[DEPLOYMENT]}
        for name in release.deployments:
            if name not in by_name:
                raise Waiting(f"there is no deployment {name}")
            for complaint in complaints(by_name[name], state[REPLICA_SET], state[POD]):
                raise WorkloadFailed(complaint, last_lines(release.cluster, release.namespace, complaint))
        for name in release.deployments:
            if reason := unfinished(by_name[name]):
                raise Waiting(reason)

    wait_for(
        rolled_out,
        f"{', '.join(release.deployments)} in {release.namespace} to be rolled out",
        cluster=release.cluster,
        namespace=release.namespace,
        kinds=(DEPLOYMENT, REPLICA_SET, POD),
        deadline=deadline,
    )


def eventually(
    probe: Callable[[], Found], what: str, *, deadline: float = READY_SECONDS, every: float = ASK_SECONDS
) -> Found:
    """Ask `probe` again and again until it returns without raising Waiting; for what cannot be watched, such as a metrics page.

    `deadline` and `every` are in seconds. Raises WaitTimeout at the deadline, and what `probe` raises otherwise.
    """
    end = time.monotonic() + deadline
    pause = threading.Event()
    while True:
        try:
            return probe()
        except Waiting as reason:
            if time.monotonic() + every > end:
                raise WaitTimeout(f"Waited {deadline:.0f} s for {what}: {reason}.") from None
            pause.wait(every)
