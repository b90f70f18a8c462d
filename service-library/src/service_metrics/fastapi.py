"""One call that instruments a FastAPI or Starlette application."""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakSet

from service_metrics.frameworks import not_installed

try:
    from starlette.applications import Starlette
    from starlette.routing import BaseRoute, Match, Route
except ModuleNotFoundError as error:
    raise not_installed(error, "starlette") from None

from service_metrics.asgi import MetricsMiddleware, metrics_app
from service_metrics.backend import CollectorRegistry
from service_metrics.http_metrics import LabelCallbacks
from service_metrics.http_recorder import HttpRecorder
from service_metrics.settings import Settings

_instrumented: WeakSet[Starlette] = WeakSet()


def instrument(
    app: Starlette,
    *,
    labels: LabelCallbacks | None = None,
    settings: Settings | None = None,
    registry: CollectorRegistry | None = None,
) -> None:
    """Measure the requests of `app` (FastAPI is a Starlette application), and add the page's route.

    Before or after routes and middleware are added, it is the same: what is measured is the application with all its
    middleware. The page's own requests are not measured. Adds nothing at all where metrics are disabled; a second call
    adds nothing either.

    Args:
        app: The application, before its first request.
        labels: Labels to add to `http_requests_total` and `http_request_duration_seconds`; see MetricsMiddleware.
        settings: None reads the environment.
        registry: What to register in and to publish; None is REGISTRY.

    Raises:
        SettingsError: the environment has a value that is not allowed.
        ValueError: the registry has other metrics of these names, or a label cannot be added.
        RuntimeError: the application has answered a request already.
    """
    settings = Settings.from_env() if settings is None else settings
    if not settings.enabled or app in _instrumented:
        return
    if app.middleware_stack is not None:
        raise RuntimeError("instrument(app) came after the application's first request; call it where the app is made.")
    build = app.build_middleware_stack
    HttpRecorder(settings, registry, labels)  # raises what there is to raise now, not with the first request

    page = Route(settings.path, metrics_app(registry, settings), include_in_schema=False)

    def build_measured() -> MetricsMiddleware:
        routes = app.router.routes
        if not any(route is page for route in routes):  # built anew by another library
            routes.insert(_place(settings.path, routes), page)
        return MetricsMiddleware(build(), settings=settings, registry=registry, labels=labels)

    app.build_middleware_stack = build_measured  # type: ignore[method-assign]  # outside of middleware added later, too
    _instrumented.add(app)


def _place(path: str, routes: Sequence[BaseRoute]) -> int:
    """Return where a route for `path` comes to its requests: before a catch-all, else last, where it delays no other."""
    for place, route in enumerate(routes):
        scope = {"type": "http", "method": "GET", "path": path, "root_path": "", "headers": []}
        if route.matches(scope)[0] is Match.FULL:
            return place
    return len(routes)
