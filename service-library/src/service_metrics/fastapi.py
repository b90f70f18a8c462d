"""One call that instruments a FastAPI or Starlette application."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.routing import Route

from service_metrics.asgi import MetricsMiddleware, metrics_app
from service_metrics.settings import Settings


def instrument(app: Starlette) -> None:
    """Add the middleware and the page's route to `app` (FastAPI is a Starlette application).

    Call it last, after the application's own middleware, so that what those answer is measured too. The page's own
    requests are not measured. Adds nothing at all where metrics are disabled; a second call adds nothing either.

    Args:
        app: The application, before its first request.

    Raises:
        SettingsError: the environment has a value that is not allowed.
    """
    settings = Settings.from_env()
    present: list[object] = [added.cls for added in app.user_middleware]
    if not settings.enabled or MetricsMiddleware in present:
        return
    app.add_middleware(MetricsMiddleware, settings=settings)
    # First, so that a catch-all route of the application does not take the page's path.
    page = Route(settings.path, metrics_app(settings=settings), include_in_schema=False)
    app.router.routes.insert(0, page)
