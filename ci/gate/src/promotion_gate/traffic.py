"""Sends a service's declared requests to each of its pods, and counts the answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice

import requests

from promotion_gate.direct_http import direct_session
from promotion_gate.evidence import Traffic
from promotion_gate.plan import Plan, Request

TIMEOUT = 10.0
"""Seconds for one answer."""


def send_traffic(plan: Plan, addresses: Mapping[str, str], progress: Callable[[int, int], None]) -> Traffic:
    """Sends `plan.requests_per_pod` requests to every pod, `plan.concurrency` at a time, a connection each.

    `addresses` maps pods to base URLs; `progress(done, total)` is called from the calling thread.
    """
    jobs = [
        (address, request)
        for address in addresses.values()
        for request in islice(cycle(plan.requests), plan.requests_per_pod)
    ]
    answers: Counter[int] = Counter()
    pool = ThreadPoolExecutor(plan.concurrency, thread_name_prefix="gate-traffic")
    try:
        for done, status in enumerate(pool.map(lambda job: _send(*job), jobs), start=1):
            answers[status] += 1
            progress(done, len(jobs))
    finally:  # on Ctrl-C, what was not sent yet never is
        pool.shutdown(wait=False, cancel_futures=True)
    unanswered = answers.pop(0, 0)
    return Traffic(sent=len(jobs), answered=dict(answers), unanswered=unanswered)


def _send(address: str, request: Request) -> int:
    """The answer's status; 0 for none. A redirect is an answer: following it would be work that nobody counts."""
    try:
        with direct_session() as http:
            return http.request(
                request.method, address + request.path, json=request.body, timeout=TIMEOUT, allow_redirects=False
            ).status_code
    except requests.RequestException:
        return 0
