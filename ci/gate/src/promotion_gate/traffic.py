"""Sends a service's declared requests to each of its pods, and counts the answers."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice

import requests

from promotion_gate.direct_http import direct_session
from promotion_gate.evidence import Missing, Traffic
from promotion_gate.plan import Plan, Request

TIMEOUT = 10.0
"""Seconds for one answer."""


def send_traffic(
    plan: Plan, addresses: Mapping[str, str], progress: Callable[[int, int], None], since: float = 0, spread: float = 0
) -> Traffic:
    """Sends `plan.requests_per_pod` requests to every pod, `plan.concurrency` at a time, a connection each.

    `addresses` maps pods to base URLs; `progress(done, total)` is called from the calling thread; `since` is how many seconds
    after the first request of an earlier round this one begins. The requests are spread evenly over `spread` seconds, to all pods
    alike, as far as the service keeps up: what is sent in bursts shows how fast this host is, and hides what a request costs.
    """
    jobs = [
        (address, request)
        for request in islice(cycle(plan.requests), plan.requests_per_pod)
        for address in addresses.values()
    ]
    gap = spread / len(jobs) if jobs else 0.0
    answers: Counter[int] = Counter()
    latencies: list[tuple[float, float]] = []
    now = time.monotonic()
    began = now - since
    due = [(now + number * gap, address, request) for number, (address, request) in enumerate(jobs)]
    pool = ThreadPoolExecutor(plan.concurrency, thread_name_prefix="gate-traffic")
    try:
        for done, (status, sent_at, took) in enumerate(pool.map(lambda job: _send(*job), due), start=1):
            answers[status] += 1
            if status:
                latencies.append((sent_at - began, took))
            progress(done, len(jobs))
    finally:  # on Ctrl-C, what was not sent yet never is
        pool.shutdown(wait=False, cancel_futures=True)
    unanswered = answers.pop(0, 0)
    return Traffic(len(jobs), dict(answers), unanswered, tuple(sorted(latencies)))


def together(earlier: Traffic | Missing | None, later: Traffic | Missing) -> Traffic | Missing:
    """Two rounds as one; a round that could not be sent takes nothing from the other."""
    if earlier is None or isinstance(earlier, Missing):
        return later
    if isinstance(later, Missing):
        return earlier
    return Traffic(
        sent=earlier.sent + later.sent,
        answered=dict(Counter(earlier.answered) + Counter(later.answered)),
        unanswered=earlier.unanswered + later.unanswered,
        latencies=earlier.latencies + later.latencies,
        exclusive=earlier.exclusive and later.exclusive,
    )


def _send(due: float, address: str, request: Request) -> tuple[int, float, float]:
    """Sends it when it is due; the answer's status (0 for none), when it was asked for, and how many seconds that took.

    A redirect is an answer: following it would be work that nobody counts.
    """
    time.sleep(max(0.0, due - time.monotonic()))
    sent_at = time.monotonic()
    try:
        with direct_session() as http:
            status = http.request(
                request.method, address + request.path, json=request.body, timeout=TIMEOUT, allow_redirects=False
            ).status_code
    except requests.RequestException:
        status = 0
    return status, sent_at, time.monotonic() - sent_at
