"""Gathers the evidence of one release on one target: start, wait, traffic, look, and never judge."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar

from promotion_gate.contract import Contract
from promotion_gate.counted import counted
from promotion_gate.evidence import (
    Connection,
    Evidence,
    MetricsPage,
    Missing,
    PodState,
    RuleState,
    ScrapeTarget,
    Traffic,
    Window,
)
from promotion_gate.plan import Plan
from promotion_gate.progress import Progress
from promotion_gate.targets import Target
from promotion_gate.targets.target import ShowsCluster
from promotion_gate.traffic import send_traffic, together
from promotion_gate.workload import Workload

_POLL = 0.2
_PULL_PATIENCE = 10.0
_DEFAULT_PUSH_INTERVAL = 15.0
_ENOUGH_WORK = 10
"""Units to wait for where nobody sends requests: a service pushes at its start, and one unit proves little of a sum."""

T = TypeVar("T")


ROUND_SECONDS = 5.0
"""Over which the requests of one round are spread; another begins while the release is watched."""
_LONGEST = 3.0
"""How often the window may begin again: the whole takes so many windows at most."""


@dataclass(frozen=True)
class Patience:
    """How long to wait, in seconds."""

    ready: float = 25.0
    """For all pods to be Ready."""
    window: float = 5.0
    """Between Ready and the last look, without an interruption."""
    metrics: float | None = None
    """For every worker and all work to show; None: as long as that may honestly take, two pushes and a little."""


def gather(
    workload: Workload, contract: Contract, plan: Plan, target: Target, patience: Patience, progress: Progress
) -> Evidence:
    """Runs the release on the target, and returns what was seen. The caller stops the target, whatever happens.

    Raises TargetError if the target cannot run the release at all; all that goes wrong later is `Missing` evidence.
    """
    if target.kind == "live":
        plan = plan.harmless
    progress.stage(f"starting {counted(workload.replicas, 'pod')} of {workload.name} on the {target.name} target")
    target.start(workload)
    ready = _wait_until_ready(workload, target, patience.ready, progress)
    unready = Missing(f"no pod became Ready within {patience.ready:g} s")
    look = _Looks(target)
    if ready:
        traffic, watched = _watch(contract, plan, target, patience.window, progress)
        # Now, while requests have just been sent: idle time would hide what they cost.
        cpu = look.at("cpu", "CPU", target.cpu)
        longest = _honest_wait(workload) if patience.metrics is None else patience.metrics
        _wait_for_metrics(workload, contract, target, traffic, longest, progress)
        window: Window | Missing = watched.now()
        pages = look.at("pages", "metrics", lambda: _pages(workload, target))
        scrape_targets, rules, connections = _around(target, look, progress)
    else:
        traffic = _no_traffic(contract, plan) or Missing("no pod was Ready to take requests")
        window = pages = scrape_targets = rules = connections = unready
        cpu = look.at("cpu", "CPU", target.cpu)
    progress.stage("looking at pods, logs, environment and memory")
    return Evidence(
        pods=look.at("pods", "pods", target.pods),
        logs=look.at("logs", "logs", target.logs),
        environments=look.at("environments", "environments", target.environments),
        memory=look.at("memory", "memory", target.memory),
        cpu=cpu,
        pages=pages,
        traffic=traffic,
        window=window,
        scrape_targets=scrape_targets,
        rules=rules,
        connections=connections,
        moments=look.moments | dict.fromkeys(("traffic", "window"), datetime.now(UTC)),
    )


class _Looks:
    """Looks at a target, and notes when each part was looked at."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self.moments: dict[str, datetime] = {}

    def at(self, part: str, what: str, look: Callable[[], T]) -> T | Missing:
        found = _seen(what, look)
        self.moments[part] = datetime.now(UTC)
        return found


_Around = tuple[tuple[ScrapeTarget, ...] | Missing, tuple[RuleState, ...] | Missing, tuple[Connection, ...] | Missing]


def _around(target: Target, look: _Looks, progress: Progress) -> _Around:
    """What the cluster around the release makes of it."""
    if not isinstance(target, ShowsCluster):
        no = Missing(f"the {target.name} target has no Prometheus and no NetworkPolicy")
        return no, no, no
    progress.stage("looking at Prometheus' targets and rules, and at who can connect")
    return (
        look.at("scrape_targets", "Prometheus' targets", target.scrape_targets),
        look.at("rules", "Prometheus' rules", target.rules),
        look.at("connections", "connections", target.connections),
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


class _Watched:
    """The newest stretch of time in which no container was restarted and no pod or image was another one."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._interruptions: list[str] = []
        self.restarted = False
        self._began = datetime.now(UTC)
        self._known = self._states()

    def _states(self) -> dict[str, PodState]:
        found = _seen("pods", self._target.pods)
        return {} if isinstance(found, Missing) else {pod.name: pod for pod in found}

    def look(self) -> None:
        """Begins the time again if something happened since the last look."""
        states = self._states()
        if why := _interruption(self._known, states):
            self._interruptions.append(why)
            self._began = datetime.now(UTC)
            self.restarted = self.restarted or any(pod.restarts for pod in states.values())
        self._known = states

    def now(self) -> Window:
        """The stretch until now, and a last look."""
        self.look()
        return Window(self._began, datetime.now(UTC), tuple(self._interruptions))

    @property
    def seconds(self) -> float:
        return (datetime.now(UTC) - self._began).total_seconds()


def _interruption(before: Mapping[str, PodState], after: Mapping[str, PodState]) -> str:
    """What is not as it was, as a clause; empty if all is."""
    if not after:
        return "the pods could not be seen"
    for name, pod in after.items():
        if name not in before:
            return f"{name} is new"
        if pod.restarts != before[name].restarts:
            return f"{name} was restarted"
        if (pod.image, pod.image_digest) != (before[name].image, before[name].image_digest):
            return f"{name} runs another image"
    return "".join(f"{name} is gone" for name in sorted(before.keys() - after.keys())[:1])


def _watch(
    contract: Contract, plan: Plan, target: Target, seconds: float, progress: Progress
) -> tuple[Traffic | Missing, _Watched]:
    """Watches for so long without an interruption, and sends one round of requests after the other meanwhile.

    A restart ends the waiting: it has decided the verdict already.
    """
    watched, no_traffic = _Watched(target), _no_traffic(contract, plan)
    progress.stage(f"watching for {seconds:g} s")
    began = time.monotonic()
    traffic: Traffic | Missing | None = no_traffic
    while True:
        left = seconds - watched.seconds
        if no_traffic is None and (traffic is None or left >= ROUND_SECONDS / 2):
            spread = max(0.0, min(ROUND_SECONDS, left))
            traffic = together(traffic, _round(plan, target, time.monotonic() - began, spread, progress))
            progress.stage(f"watching for {seconds:g} s")
        watched.look()
        left = seconds - watched.seconds
        if left <= 0 or watched.restarted or time.monotonic() - began > _LONGEST * seconds:
            return traffic or Missing("nothing was sent"), watched
        progress.step(f"another {left:.0f} s")
        time.sleep(min(_POLL, left))


def _no_traffic(contract: Contract, plan: Plan) -> Missing | None:
    """Why nothing can be sent; None if something can."""
    if contract.work_is_counted_by != "traffic":
        return Missing("the role takes no requests, its work comes from a queue or a clock")
    return None if plan.requests else Missing("the service's gate.yaml names no requests")


def _round(plan: Plan, target: Target, since: float, spread: float, progress: Progress) -> Traffic | Missing:
    addresses = _seen("addresses", lambda: _ready_addresses(target))
    if isinstance(addresses, Missing):
        return addresses
    progress.stage(f"sending {plan.requests_per_pod} requests to each of {counted(len(addresses), 'pod')}")
    sent = send_traffic(
        plan, addresses, lambda done, total: progress.step(f"{done} of {total} requests"), since, spread
    )
    return replace(sent, exclusive=target.kind != "live")


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


def _pages(workload: Workload, target: Target) -> tuple[MetricsPage, ...]:
    """Every pod's page, asked for often enough that each worker is likely to answer once: all must tell the same."""
    scrapes = 1 if workload.pushes else 2 * workload.workers
    return tuple(page for _ in range(scrapes) for page in target.metrics())
