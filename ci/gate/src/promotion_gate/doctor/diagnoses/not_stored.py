"""The collector takes the pushes, and Prometheus has nothing of them."""

from __future__ import annotations

import re

from promotion_gate.doctor.diagnoses.collector import failing
from promotion_gate.doctor.examination import Answer, CannotTell, Diagnosis, Examination
from promotion_gate.doctor.view import View
from promotion_gate.evidence import Missing
from promotion_gate.workload import Workload

_ON_THE_WAY = 20.0
"""Seconds that a push takes at most, over collector and remote write."""
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)s?")


def interval(workload: Workload) -> float:
    """Seconds between two pushes."""
    found = _SECONDS.fullmatch(workload.literal("METRICS_PUSH_INTERVAL", "15s"))
    return float(found[1]) if found else 15.0


def diagnose(view: View) -> Answer:
    """Of every pod that pushes, Prometheus has series."""
    if not view.declared.pushes or not view.metrics_on:
        return None
    for part in (view.pods, view.pushed):
        if isinstance(part, Missing):
            return CannotTell(part.reason)
    stored = [f"{page.pod} {page.source}" for page in (() if isinstance(view.pushed, Missing) else view.pushed)]
    absent = [pod for pod in view.running if not any(pod.name in words for words in stored) and not failing(pod)]
    if not absent:
        return None if view.running else CannotTell("no container runs")
    young = [pod.name for pod in absent if (pod.age(view.taken_at) or 0) < 2 * interval(view.declared) + _ON_THE_WAY]
    if len(young) == len(absent):
        return CannotTell(
            f"{', '.join(young)} started a moment ago, and the first pushes may be on their way; ask again"
        )
    return Diagnosis(
        tuple(f"Prometheus has no series that {pod.name} pushed." for pod in absent if pod.name not in young),
        "a series per worker in Prometheus, two push intervals after its start",
        "Look at the collector's log for its exporter's errors, and whether Prometheus takes remote writes (enableRemoteWriteReceiver).",
    )


EXAMINATION = Examination("not-stored", "Prometheus has nothing of what is pushed", diagnose)
