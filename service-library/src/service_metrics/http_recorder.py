"""What the middleware of every framework shares: settings, families, exclusions, added labels, the life of a request."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

from service_metrics.backend import REGISTRY, CollectorRegistry
from service_metrics.http_metrics import AddedLabels, LabelCallbacks, http_metrics
from service_metrics.page import Page
from service_metrics.settings import Settings

CLIENT_LEFT = 499
"""Status of a request whose client left before the response began, as nginx writes it."""


class HttpRecorder:
    """Begins the measurement of requests. Safe in threads and in forked children.

    Args:
        settings: None reads the environment.
        registry: Where the HTTP metrics are registered; None is REGISTRY.
        labels: Labels to add to `http_requests_total` and `http_request_duration_seconds`.

    Attributes:
        enabled: Where this is False, nothing was registered and `begin` must not be called.
        joined: Whether this worker is visible to its siblings already.

    Raises:
        SettingsError: the environment has a value that is not allowed.
        ValueError: the registry has other metrics of these names, or a label cannot be added.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        registry: CollectorRegistry | None = None,
        labels: LabelCallbacks | None = None,
    ) -> None:
        self.page = Page(registry, settings)
        self.settings = self.page.settings
        self.enabled = self.settings.enabled
        self.joined = False
        if self.enabled:
            target = REGISTRY if registry is None else registry
            self.added = AddedLabels(labels, target) if labels else None
            self.metrics = http_metrics(self.settings, target, self.added.names if self.added else ())
            self.excluded = excluding(self.settings)

    def join(self) -> None:
        """Make this worker visible to its siblings."""
        self.joined = True
        self.page.join_workers()

    def leave(self) -> None:
        """Be invisible again, when the server shuts down."""
        self.joined = False
        self.page.leave_workers()

    def begin(self, path: str, method: str, request_bytes: float) -> MeasuredRequest:
        """Count a request as in progress and start its clock.

        Args:
            path: The path, without what a proxy or a mount put before it.
            method: The request's method.
            request_bytes: Its Content-Length.
        """
        if not self.joined:
            self.join()
        return MeasuredRequest(self, path, method, request_bytes)


class MeasuredRequest:
    """A request that is being answered; `finish` records it.

    Attributes:
        status: Of the response; 0 where none has begun, which counts as 500.
        response_bytes: What has been sent of the body.
        identified: True once the route is known, or known not to be.
        finished: True once recorded.
    """

    __slots__ = (
        "_counted", "_handler", "_label_values", "_method", "_recorder", "_request_bytes", "_started",
        "finished", "identified", "response_bytes", "status",
    )  # fmt: skip

    def __init__(self, recorder: HttpRecorder, path: str, method: str, request_bytes: float) -> None:
        self._recorder = recorder
        self._method = method
        self._request_bytes = request_bytes
        self._handler: str | None = None
        self._label_values: tuple[str, ...] = ()
        self.status = 0
        self.response_bytes = 0.0
        self.identified = False
        self.finished = False
        # Nothing is routed yet, so what is in progress goes by the path; the page itself never counts.
        self._counted = not recorder.excluded(path)
        if self._counted:
            recorder.metrics.in_progress.inc()
        self._started = perf_counter()

    def identify(self, handler: str | None, request: Any) -> None:
        """Say which route took the request, None for none, while label callbacks can look at the request.

        Only the first call counts.
        """
        if self.identified:
            return
        self.identified = True
        if handler is not None and not self._recorder.excluded(handler):
            self._handler = handler
            if self._recorder.added is not None:
                self._label_values = self._recorder.added.values(request)

    def finish(self) -> None:
        """Record the request, where it has a route; only the first call counts."""
        if self.finished:
            return
        self.finished = True
        metrics = self._recorder.metrics
        if self._counted:
            metrics.in_progress.dec()
        if self._handler is not None:
            record = metrics.record(self._handler, self._method, str(self.status or 500), self._label_values)
            record(perf_counter() - self._started, self._request_bytes, self.response_bytes)


def excluding(settings: Settings) -> Callable[[str], bool]:
    """Return what tells whether a route template or a path is not measured: the page, and METRICS_EXCLUDED_HANDLERS."""
    page = settings.path
    if settings.excluded_handlers is None:
        return page.__eq__
    matches = settings.excluded_handlers.fullmatch
    return lambda handler: handler == page or matches(handler) is not None


def content_length(value: str | bytes | None) -> float:
    """Return the number of a Content-Length header; 0 where there is none or it is no number."""
    return float(value) if value is not None and value.isdigit() and value.isascii() else 0.0
