"""Counting, timing and gauging one unit of work: what a consumer's message and a runner's task have in common."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from service_metrics.backend import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
from service_metrics.settings import Settings

DURATION_BUCKETS = (0.05, 0.1, 0.3, 1.0, 3.0, 5.0)


class WorkMetrics:
    """Three families of one kind of work: `<plural>_total`, `<singular>_duration_seconds`, `<plural>_in_progress`.

    Args:
        singular: Name of one unit, such as `amqp_message`.
        plural: Name of many, such as `amqp_messages`.
        label: The label that tells sources of work apart, such as `queue`.
        settings: Gives the metric name prefix; with metrics disabled nothing is registered or recorded.
        registry: Where the families are registered.
    """

    def __init__(
        self, singular: str, plural: str, label: str, *, settings: Settings, registry: CollectorRegistry = REGISTRY
    ) -> None:
        self.enabled = settings.enabled
        target = registry if settings.enabled else None
        namespace, subsystem = settings.namespace, settings.subsystem
        words = plural.replace("_", " ")
        self.total = Counter(
            f"{plural}_total",
            f"Finished {words}, by {label} and status.",
            [label, "status"],
            registry=target,
            namespace=namespace,
            subsystem=subsystem,
        )
        self.duration = Histogram(
            f"{singular}_duration_seconds",
            f"Seconds spent on {words}, by {label}.",
            [label],
            buckets=DURATION_BUCKETS,
            registry=target,
            namespace=namespace,
            subsystem=subsystem,
        )
        self.in_progress = Gauge(
            f"{plural}_in_progress",
            f"Number of {words} being worked on, by {label}.",
            [label],
            registry=target,
            namespace=namespace,
            subsystem=subsystem,
        )

    @contextmanager
    def track(self, source: str) -> Iterator[None]:
        """Measure the block: status "200", or "500" when an exception leaves it (it is raised again).

        Works around `await` too: a plain `with` in a coroutine. Safe in threads.

        Args:
            source: Value of the label, such as the name of the queue.
        """
        if not self.enabled:
            yield
            return
        in_progress = self.in_progress.labels(source)
        status = "500"
        started = perf_counter()
        in_progress.inc()
        try:
            yield
            status = "200"
        finally:
            self.duration.labels(source).observe(perf_counter() - started)
            self.total.labels(source, status).inc()
            in_progress.dec()
