"""The push loop: exports a registry over OTLP from a thread of its own.

The OpenTelemetry SDK's PeriodicExportingMetricReader is not used: its at-fork hook restarts the inherited reader in the
child and exports the parent's values under the child's id. Nor is the global meter provider touched.
"""

from __future__ import annotations

import atexit
import logging
import os
import time
from collections.abc import Callable
from threading import Event, Thread
from weakref import WeakSet

from opentelemetry.sdk.metrics.export import MetricExporter, MetricExportResult

from service_metrics.backend import REGISTRY, CollectorRegistry, Counter
from service_metrics.identity import counting_since
from service_metrics.otlp.data_model import Period, metrics_data
from service_metrics.otlp.exporter import QuietExporter, make_exporter
from service_metrics.otlp.resource import process_resource
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
        exporter: Makes the exporter, once in every process.

    Raises:
        SettingsError: the package for the protocol is not installed.
    """

    def __init__(
        self,
        settings: Settings,
        registry: CollectorRegistry = REGISTRY,
        exporter: Callable[[], MetricExporter] | None = None,
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._make_exporter = exporter or (lambda: make_exporter(settings.otlp_protocol))
        self._failures = Counter(
            "service_metrics_push_failures_total", "OTLP exports that did not arrive.", registry=registry
        )
        self._failures_in_a_row = 0
        self._closed = False
        self._aborted = False
        self._start(self._make_exporter())
        _loops.add(self)
        atexit.register(self.close)

    def _start(self, exporter: MetricExporter | None) -> None:
        self._stop = Event()
        self._exporter = exporter
        self._thread = Thread(target=self._run, args=(self._stop, exporter), name="service-metrics-push", daemon=True)
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

    def _run(self, stop: Event, given: MetricExporter | None) -> None:
        exporter = self._exporter = given or self._make_exporter()
        resource = process_resource()
        defaults = dict(self._settings.custom_labels)

        def export() -> str:
            """Return why it failed, or an empty string."""
            with QuietExporter() as quiet:
                try:
                    period = Period(counting_since(), time.time_ns())
                    data = metrics_data(self._registry.collect(), resource=resource, defaults=defaults, period=period)
                    result = exporter.export(data)
                except Exception as error:
                    return f"{type(error).__name__}: {error}"
            return "" if result is MetricExportResult.SUCCESS else quiet.reason or "no reason given"

        while not self._aborted:
            last = stop.is_set()  # asked before the push, or what is recorded during it would be lost
            self._note(export())
            if last:
                exporter.shutdown()
                break
            stop.wait(self._settings.push_interval)

    def _note(self, failure: str) -> None:
        endpoint = self._settings.otlp_endpoint
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
        if not self._closed:
            self._failures_in_a_row = 0
            self._start(None)  # the parent's exporter has the parent's connections


_loops: WeakSet[PushLoop] = WeakSet()


def _start_in_child() -> None:
    """Runs in a forked child, where the parent's thread does not exist; must not log or wait for a lock."""
    for loop in list(_loops):
        loop._start_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_in_child)
