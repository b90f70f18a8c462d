"""Every worker process shows as its own series, and together they count all the work."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from promotion_gate.checks.check import Check, Subject, conclude, no_evidence, observe, unproved, unreadable, unseen
from promotion_gate.counted import counted
from promotion_gate.evidence import MetricsPage, Missing, PodLog
from promotion_gate.verdict import Finding, Observation

SKEW = timedelta(seconds=0.5)
"""A unit of work is counted and logged at two moments; lines this near to the reading may or may not be in it."""


def assess(subject: Subject) -> Finding:
    pages = subject.evidence.pages
    if isinstance(pages, Missing):
        return no_evidence("metrics", pages)
    readable = [page for page in pages if page.readable]
    if not readable:
        return no_evidence("metrics", readable)
    pods = {page.pod: [p for p in readable if p.pod == page.pod] for page in readable}
    observations = [_workers(pod, of_pod, subject.workload.workers) for pod, of_pod in pods.items()]
    instances = {pod: _instances(of_pod) for pod, of_pod in pods.items()}
    shared = {
        i
        for pod, mine in instances.items()
        for other, theirs in instances.items()
        if pod < other
        for i in mine & theirs
    }
    everyone = frozenset[str]().union(*instances.values())
    seen = f"{len(everyone)}, {len(shared)} shared by two pods"
    wanted = subject.workload.replicas * subject.workload.workers
    observations += unseen("pods with metrics", pods, subject) or [
        observe("workers of the release", seen, f"{wanted}, none shared", ok=len(everyone) == wanted)
    ]
    observations += unreadable(pages)
    observations.append(_sum(subject, [_latest(of_pod) for of_pod in pods.values()]))
    return conclude(
        observations,
        good=f"{counted(len(everyone), 'worker')} in {counted(len(pods), 'pod')}, a series each; {observations[-1].observed}",
        bad=f"{counted(len(everyone), 'worker')} seen in {counted(len(pods), 'pod')}; {observations[-1].observed}",
        remedy="Check that every worker runs the instrumented app, that workers share a TMPDIR, and WEB_CONCURRENCY (metrics.workers).",
    )


def _instances(pages: Iterable[MetricsPage]) -> frozenset[str]:
    return frozenset(instance for page in pages for instance in page.instances)


def _workers(pod: str, pages: list[MetricsPage], workers: int) -> Observation:
    expected = f"{workers} on every page"
    if pages[0].how == "push":  # a worker pushes its own page
        count = len(_instances(pages))
        return observe(f"workers of {pod}", f"{count} pushed", f"{workers} pushed", ok=count == workers)
    seen = [page.instances for page in pages]
    counts = ", ".join(str(len(instances)) for instances in seen)
    return observe(
        f"workers of {pod}",
        f"{counts} on {len(pages)} pages",
        expected,
        ok=all(len(s) == workers and s == seen[0] for s in seen),
    )


def _latest(pages: list[MetricsPage]) -> list[MetricsPage]:
    """The pages that make up the pod's newest state: the last one pulled, or each worker's last push."""
    newest = sorted(pages, key=lambda page: page.taken_at)
    if pages[0].how == "pull":
        return newest[-1:]
    return list({instance: page for page in newest for instance in page.instances}.values())


def _sum(subject: Subject, latest: list[list[MetricsPage]]) -> Observation:
    """Whether the work counter, over all workers of all pods, says what the gate knows was done."""
    counter, evidence = subject.contract.work_counter, subject.evidence
    pages = [page for of_pod in latest for page in of_pod]
    total = sum(page.total(counter) for page in pages)
    what = f"sum of {counter}"
    restarted = () if isinstance(evidence.pods, Missing) else [pod.name for pod in evidence.pods if pod.restarts]
    if subject.contract.work_is_counted_by == "traffic":
        if isinstance(evidence.traffic, Missing) or not evidence.traffic.answers:
            return unproved(what, f"sum {total:g}, no request was answered", "the requests answered")
        low: float = evidence.traffic.answers
        # where others send requests too, only the least is known
        high: float = evidence.traffic.sent if evidence.traffic.exclusive else math.inf
        unit = "requests answered"
    else:
        if isinstance(evidence.logs, Missing):
            return unproved(what, f"sum {total:g}, no logs", "the lines logged")
        begun: dict[str, datetime] = {}
        ended: dict[str, datetime] = {}
        for page in pages:
            begun[page.pod] = min(begun.get(page.pod, page.taken_at), page.taken_at)
            ended[page.pod] = max(ended.get(page.pod, page.taken_at), page.received_at or page.taken_at)
        low, high = _logged(evidence.logs, begun, -SKEW), _logged(evidence.logs, ended, SKEW)
        unit = "units of work logged"
        if not low:
            return unproved(what, f"sum {total:g}, no work logged before the metrics were taken", "work")
    most = "" if low == high else " or more" if high == math.inf else f" to {high}"
    expected = f"{low}{most} {unit}"
    seen = f"sum {total:g} for {expected}"
    if restarted:
        # a container's counters start again with it, so what it counted before is gone and the sum proves nothing
        return unproved(what, f"{seen}, after a restart of {', '.join(restarted)}", expected)
    return observe(what, seen, expected, ok=low <= total <= high)


def _logged(logs: Iterable[PodLog], moments: Mapping[str, datetime], skew: timedelta) -> int:
    """Lines with a status that each pod had logged at its moment, give or take `skew`."""
    return sum(
        line.time is not None and line.status is not None and line.time <= moments[log.pod] + skew
        for log in logs
        if log.pod in moments
        for line in log.lines
    )


CHECK = Check(
    id="worker-series",
    title="A series per worker, sum right",
    question="Has each worker its own series, and is their sum right?",
    reads=("pages", "traffic", "logs"),
    assess=assess,
)
