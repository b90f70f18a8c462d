"""prometheus_client.multiprocess's public names; where our cells record, without its files: workers are asked.

There, importing this module where PROMETHEUS_MULTIPROC_DIR is set makes the process visible to its siblings at once, as
prometheus_client would begin to write its files; the directory itself is not used. On the backend `prometheus` the names
are prometheus_client's own.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

from service_metrics.backend import BACKEND, REGISTRY, CollectorRegistry
from service_metrics.core import Metric
from service_metrics.page import Page

__all__ = ["MultiProcessCollector", "mark_process_dead"]

if TYPE_CHECKING or BACKEND != "prometheus":

    class MultiProcessCollector:
        """Collects REGISTRY of every live worker of the pod; each series says in `service_instance_id` whose it is.

        Nothing is added up: PromQL's `sum without (service_instance_id)` does that, and a worker's end is no counter
        reset of another one. Making one makes this process visible to its siblings. Collecting blocks for two seconds
        at most; workers that do not answer are named in a log line.

        Args:
            registry: Where to register, a registry of its own; None for nowhere.
            path: prometheus_client's directory of files; not used.

        Raises:
            ValueError: the registry is REGISTRY, which is what the workers are asked for.
        """

        def __init__(self, registry: CollectorRegistry | None, path: str | None = None) -> None:
            del path
            if registry is REGISTRY:
                raise ValueError(
                    "MultiProcessCollector collects REGISTRY; register it in a CollectorRegistry() of its own."
                )
            self._page = Page()
            self._page.join_workers()
            if registry is not None:
                registry.register(self)

        def describe(self) -> Iterable[Metric]:
            """Return nothing: what the workers have is not known before they are asked."""
            return []

        def collect(self) -> Iterable[Metric]:
            """Return the families of all workers; exemplars and units are not among what workers tell."""
            return text_string_to_metric_families(self._page.all_workers().decode())

    def mark_process_dead(pid: int, path: str | None = None) -> None:
        """Do nothing: a worker that is gone does not answer, so it is on no page."""
        del pid, path

    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        Page().join_workers()
else:
    from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
