"""`publish()`: how a consumer or a task runner gets its metrics out, as the environment asks."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from service_metrics.page import Page
from service_metrics.page_server import PageServer
from service_metrics.settings import Settings

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import MetricExporter

logger = logging.getLogger("service_metrics")


class _Closable(Protocol):
    def close(self) -> None: ...


class Publication:
    """What `publish()` started; close it, or use it as a context manager, for an orderly end with a last push.

    Attributes:
        delivery: `push`, `pull` or `off`.
        port: TCP port of the page, None unless `delivery` is `pull`.
    """

    def __init__(self, delivery: str, started: _Closable | None, port: int | None = None) -> None:
        self.delivery = delivery
        self.port = port
        self._started = started

    def close(self) -> None:
        """End publishing; a push delivers the last values first and takes five seconds at most. Never raises."""
        started, self._started = self._started, None
        if started is not None:
            started.close()

    def __enter__(self) -> Publication:
        return self

    def __exit__(
        self, typ: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def publish(exporter: MetricExporter | Callable[[], MetricExporter] | None = None) -> Publication:
    """Publish REGISTRY of a process that serves no HTTP of its own.

    Pushes over OTLP where PROMETHEUS_BACKEND is `otel` or `shadow` and OTEL_EXPORTER_OTLP_ENDPOINT is set (or with
    another exporter, where OTEL_METRICS_EXPORTER names one), else serves the page on METRICS_PORT. Does nothing where
    metrics are disabled, and warns where neither is set. Call it once, at start-up; it starts daemon threads only. At
    normal exit the last values are pushed even without `close()`.

    Args:
        exporter: An exporter of the OpenTelemetry SDK to push with, whatever the environment says, or what makes one.
            Only with the latter do forked children push, each with an exporter of its own.

    Raises:
        SettingsError: the environment has a value that is not allowed, or METRICS_PORT is taken.
    """
    settings = Settings.from_env(os.environ)
    if not settings.enabled:
        return Publication("off", None)
    if exporter is not None or settings.pushes:
        from service_metrics.otlp.push import PushLoop

        return Publication("push", PushLoop(settings, exporter=exporter))
    if settings.port is None:  # the work matters more than its metrics: a laptop without any setting must run it
        logger.warning(
            "Metrics are recorded and not published: set METRICS_PORT to serve the page, or PROMETHEUS_BACKEND=otel and "
            "OTEL_EXPORTER_OTLP_ENDPOINT to push."
        )
        return Publication("off", None)
    page = Page(settings=settings)
    server = PageServer(page, settings.port)
    page.join_workers()
    return Publication("pull", server, server.port)
