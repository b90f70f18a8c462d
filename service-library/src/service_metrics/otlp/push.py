"""The push loop: exports a registry with an OpenTelemetry exporter from a thread of its own.

The OpenTelemetry SDK's PeriodicExportingMetricReader is not used: its at-fork hook restarts the inherited reader in the
child and exports the parent's values under the child's id. Nor is the global meter provider touched.
"""

from __future__ import annotations

import atexit
import logging
import os
from collections.abc import Callable
from functools import partial
from threading import Event, Thread
from weakref import WeakSet

from opentelemetry.sdk.metrics.export import MetricExporter, MetricExportResult

from service_metrics.backend import REGISTRY, CollectorRegistry, Counter
from service_metrics.identity import counting_since
from service_metrics.otlp.data_model import batches
from service_metrics.otlp.exporter import QuietExporter, make_exporter
from service_metrics.otlp.resource import process_resource
from service_metrics.otlp.temporality import Temporality
from service_metrics.recording.reading import families
from service_metrics.settings import Settings

logger = logging.getLogger("service_metrics")

_LAST_PUSH_SECONDS = 4.0
_ABORT_SECONDS = 1.0


class PushLoop:
    """Pushes at once, then every interval, then a last time when closed or at normal exit of the process.

    A push never raises into the service and never blocks it. Failures are counted in
    `service_metrics_push_failures_total` and logged when they begin and when they end. A forked child pushes by itself,
    under its own `service.instance.id`, from zero.

    Args:
        settings: Interval, protocol, endpoint and custom labels.
        registry: What to push.
        exporter: What to push with, or what makes it, once in every process; None makes what the settings name. Forked
            children do not push with an exporter that was given ready-made: it has its maker's connections.

    Raises:
        SettingsError: the package for the exporter or its protocol is not installed.
    """

    def __init__(
        self,
        settings: Settings,
        registry: CollectorRegistry = REGISTRY,
        exporter: MetricExporter | Callable[[], MetricExporter] | None = None,
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._make_exporter: Callable[[], MetricExporter] | None = None
        if not isinstance(exporter, MetricExporter):
            self._make_exporter = exporter or partial(make_exporter, settings)
            exporter = self._make_exporter()
        self._failures = Counter(
            "service_metrics_push_failures_total", "OTLP exports that did not arrive.", registry=registry
        )
        self._failures_in_a_row = 0
        self._closed = False
        self._aborted = False
        self._start(lambda: exporter)
        _loops.add(self)
        atexit.register(self.close)

    def _start(self, make_exporter: Callable[[], MetricExporter]) -> None:
        self._stop = Event()
        self._exporter: MetricExporter | None = None
        self._thread = Thread(
            target=self._run, args=(self._stop, make_exporter), name="service-metrics-push", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Push a last time and end; takes five seconds at most, and leaves a hanging push behind. Never raises."""
        if self._closed:
            return
        self._closed = True
        atexit.unregister(self.close)
        self._stop.set()
        self._thread.join(_LAST_PUSH_SECONDS)
        if self._thread.is_alive():
            self._aborted = True
            if self._exporter is not None:
                self._exporter.shutdown()  # ends its waiting between attempts
            self._thread.join(_ABORT_SECONDS)
        self._registry.unregister(self._failures)

    def _run(self, stop: Event, make_exporter: Callable[[], MetricExporter]) -> None:
        exporter = self._exporter = make_exporter()
        resource = process_resource()
        defaults = dict(self._settings.custom_labels)
        temporality = Temporality(exporter)

        def export() -> str:
            """Return why it failed, or an empty string."""
            with QuietExporter() as quiet:
                try:
                    for batch in batches(
                        families(self._registry),
                        resource=resource,
                        defaults=defaults,
                        since=counting_since(),
                        temporality=temporality,
                    ):
                        if self._aborted:
                            return "it took too long at the end"
                        if exporter.export(batch.data) is not MetricExportResult.SUCCESS:
                            return quiet.reason or "no reason given"
                        batch.delivered()
                except Exception as error:
                    return f"{type(error).__name__}: {error}"
            return ""

        while not self._aborted:
            last = stop.is_set()  # asked before the push, or what is recorded during it would be lost
            self._note(export())
            if last:
                exporter.shutdown()
                break
            stop.wait(self._settings.push_interval)

    def _note(self, failure: str) -> None:
        endpoint = self._settings.otlp_endpoint or type(self._exporter).__name__
        if failure:
            self._failures.inc()
            self._failures_in_a_row += 1
            if self._failures_in_a_row == 1:
                logger.warning(
                    "Pushing metrics to %s fails (%s); trying again every %g s.",
                    endpoint,
                    failure,
                    self._settings.push_interval,
                )
        elif self._failures_in_a_row:
            logger.info("Pushing metrics to %s works again after %d failures.", endpoint, self._failures_in_a_row)
            self._failures_in_a_row = 0

    def _start_in_child(self) -> None:
        if not self._closed and self._make_exporter is not None:
            self._failures_in_a_row = 0
            self._start(self._make_exporter)  # the parent's exporter has the parent's connections


_loops: WeakSet[PushLoop] = WeakSet()


def _start_in_child() -> None:
    """Runs in a forked child, where the parent's thread does not exist; must not log or wait for a lock."""
    for loop in list(_loops):
        loop._start_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_in_child)
