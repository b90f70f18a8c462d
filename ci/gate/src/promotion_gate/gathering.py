"""Gathers the evidence of one release on one target: start, wait, traffic, look, and never judge."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from promotion_gate.contract import Contract
from promotion_gate.counted import counted
from promotion_gate.evidence import Evidence, MetricsPage, Missing, Traffic
from promotion_gate.plan import Plan
from promotion_gate.progress import Progress
from promotion_gate.targets import Target
from promotion_gate.traffic import send_traffic
from promotion_gate.workload import Workload

_POLL = 0.2
_PULL_PATIENCE = 10.0
_DEFAULT_PUSH_INTERVAL = 15.0
_ENOUGH_WORK = 10
"""Units to wait for where nobody sends requests: a service pushes at its start, and one unit proves little of a sum."""

T = TypeVar("T")


@dataclass(frozen=True)
class Patience:
    """How long to wait, in seconds."""

    ready: float = 25.0
    """For all pods to be Ready."""
    window: float = 5.0
    """Between Ready and the last look, at least."""
    metrics: float | None = None
    """For every worker and all work to show; None: as long as that may honestly take, two pushes and a little."""


def gather(
    workload: Workload, contract: Contract, plan: Plan, target: Target, patience: Patience, progress: Progress
) -> Evidence:
    """Runs the release on the target, and returns what was seen. The caller stops the target, whatever happens.

    Raises TargetError if the target cannot run the release at all; all that goes wrong later is `Missing` evidence.
    """
    progress.stage(f"starting {counted(workload.replicas, 'pod')} of {workload.name} on the {target.name} target")
    target.start(workload)
    ready = _wait_until_ready(workload, target, patience.ready, progress)
    began = time.monotonic()
    traffic = _traffic(contract, plan, target, ready, progress)
    unready = Missing(f"no pod became Ready within {patience.ready:g} s")
    pages: tuple[MetricsPage, ...] | Missing = unready
    if ready:
        longest = _honest_wait(workload) if patience.metrics is None else patience.metrics
        _wait_for_metrics(workload, contract, target, traffic, longest, progress)
        _wait_out(patience.window - (time.monotonic() - began), progress)
        pages = _seen("metrics", lambda: _pages(workload, target))
    progress.stage("looking at pods, logs, environment and memory")
    return Evidence(
        pods=_seen("pods", target.pods),
        logs=_seen("logs", target.logs),
        environments=_seen("environments", target.environments),
        memory=_seen("memory", target.memory),
        pages=pages,
        traffic=traffic,
    )


def _seen(what: str, look: Callable[[], T]) -> T | Missing:
    """What `look` returns, or why it could not."""
    try:
        return look()
    except Exception as error:  # a target that breaks must cost the evidence, not the verdict
        return Missing(f"the target could not show {what}: {type(error).__name__}: {error}")


def _wait_until_ready(workload: Workload, target: Target, patience: float, progress: Progress) -> bool:
    """Whether any pod was Ready at the end: what one pod shows is evidence, even where another hangs."""
    deadline = time.monotonic() + patience
    while True:
        pods = _seen("pods", target.pods)
        states = () if isinstance(pods, Missing) else pods
        ready = sum(pod.ready for pod in states)
        waiting = next((f" ({pod.name}: {pod.reason})" for pod in states if not pod.ready and pod.reason), "")
        progress.step(f"{ready} of {workload.replicas} pods Ready{waiting}")
        if ready == workload.replicas or time.monotonic() >= deadline:
            return ready > 0
        time.sleep(_POLL)


def _traffic(contract: Contract, plan: Plan, target: Target, ready: bool, progress: Progress) -> Traffic | Missing:
    if contract.work_is_counted_by != "traffic":
        return Missing("the role takes no requests, its work comes from a queue or a clock")
    if not ready:
        return Missing("no pod was Ready to take requests")
    if not plan.requests:
        return Missing("the service's gate.yaml names no requests")
    addresses = _seen("addresses", lambda: _ready_addresses(target))
    if isinstance(addresses, Missing):
        return addresses
    progress.stage(f"sending {plan.requests_per_pod} requests to each of {counted(len(addresses), 'pod')}")
    return send_traffic(plan, addresses, lambda done, total: progress.step(f"{done} of {total} requests"))


def _ready_addresses(target: Target) -> dict[str, str]:
    """Where Kubernetes would send requests: a pod that is not Ready gets none."""
    ready = {pod.name for pod in target.pods() if pod.ready}
    return {pod: address for pod, address in target.addresses().items() if pod in ready}


def _honest_wait(workload: Workload) -> float:
    if not workload.pushes:
        return _PULL_PATIENCE
    return 2 * float(workload.literal("METRICS_PUSH_INTERVAL").removesuffix("s") or _DEFAULT_PUSH_INTERVAL) + 5


def _wait_for_metrics(
    workload: Workload,
    contract: Contract,
    target: Target,
    traffic: Traffic | Missing,
    patience: float,
    progress: Progress,
) -> None:
    """Waits until every worker shows and all answered work is counted, for `patience` seconds at most."""
    progress.stage("waiting for every worker's push" if workload.pushes else "waiting until all work shows on the page")
    enough = _ENOUGH_WORK if isinstance(traffic, Missing) else max(1, traffic.answers)
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        pages = _seen("metrics", target.metrics)
        if not isinstance(pages, Missing):
            workers = len({instance for page in pages for instance in page.instances})
            work = sum(page.total(contract.work_counter) for page in pages)
            wanted = workload.replicas * workload.workers
            progress.step(
                f"{workers} of {wanted} workers, {work:g} units of work, {deadline - time.monotonic():.0f} s left"
            )
            if workers >= wanted and work >= enough:
                return
        time.sleep(_POLL)


def _wait_out(seconds: float, progress: Progress) -> None:
    """Lets the rest of the observation window pass."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        progress.step(f"watching for another {left:.0f} s")
        time.sleep(min(_POLL, left))


def _pages(workload: Workload, target: Target) -> tuple[MetricsPage, ...]:
    """Every pod's page, asked for often enough that each worker is likely to answer once: all must tell the same."""
    scrapes = 1 if workload.pushes else 2 * workload.workers
    return tuple(page for _ in range(scrapes) for page in target.metrics())
