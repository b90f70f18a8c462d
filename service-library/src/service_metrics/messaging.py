"""Metrics of a consumer: `amqp_messages_total`, `amqp_message_duration_seconds`, `amqp_messages_in_progress`."""

from __future__ import annotations

from contextlib import AbstractContextManager

from service_metrics.settings import Settings
from service_metrics.work import WorkMetrics

metrics = WorkMetrics("amqp_message", "amqp_messages", "queue", settings=Settings.from_env())


def track_message(queue: str) -> AbstractContextManager[None]:
    """Measure the handling of one message; use `with track_message(queue):`, around `await` too.

    An exception counts as status "500" and is raised again, everything else as "200".
    Does nothing when metrics are disabled.

    Args:
        queue: Name of the queue, a bounded set of values.
    """
    return metrics.track(queue)
