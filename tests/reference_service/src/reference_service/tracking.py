"""How consumer and runner record work: with the library's trackers or, with `forget-metric`, without durations."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from reference_service.misbehave import Switch
from service_metrics import Counter, Gauge

Track = Callable[[str], AbstractContextManager[object]]
"""Given the queue's or the task's name, a context manager around one unit of work."""


def message_tracker(switches: frozenset[Switch]) -> Track:
    """Return what records messages: `service_metrics.messaging.track_message` unless `forget-metric` is on."""
    if Switch.FORGET_METRIC in switches:
        return _track_without_duration("amqp_messages", "queue")
    from service_metrics.messaging import track_message

    return track_message


def run_tracker(switches: frozenset[Switch]) -> Track:
    """Return what records task runs: `service_metrics.tasks.track_run` unless `forget-metric` is on."""
    if Switch.FORGET_METRIC in switches:
        return _track_without_duration("task_runs", "task")
    from service_metrics.tasks import track_run

    return track_run


def _track_without_duration(prefix: str, label: str) -> Track:
    """Return a tracker written by hand that forgets the histogram; all other series are as they should be."""
    namespace = os.environ.get("METRICS_NAMESPACE", "")
    subsystem = os.environ.get("METRICS_SUBSYSTEM", "")
    units = Counter(f"{prefix}_total", "Finished units of work.", (label, "status"), namespace, subsystem)
    in_progress = Gauge(f"{prefix}_in_progress", "Units of work under way.", (label,), namespace, subsystem)

    @contextmanager
    def track(name: str) -> Iterator[None]:
        with in_progress.labels(name).track_inprogress():
            try:
                yield
            except Exception:
                units.labels(name, "500").inc()
                raise
            units.labels(name, "200").inc()

    return track
