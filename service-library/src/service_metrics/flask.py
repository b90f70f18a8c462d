"""One call that instruments a Flask application."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from service_metrics.frameworks import not_installed

try:
    from flask import Flask, Request, Response, request, request_started
    from werkzeug.exceptions import MethodNotAllowed
except ModuleNotFoundError as error:
    raise not_installed(error, "flask") from None

from service_metrics.backend import CollectorRegistry
from service_metrics.http_metrics import LabelCallbacks
from service_metrics.page import Page
from service_metrics.page_answer import page_answer
from service_metrics.settings import Settings
from service_metrics.wsgi import MetricsMiddleware

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_EXTENSION = "service_metrics"
_REQUEST = "service_metrics.flask_request"
_HANDLER = "service_metrics.flask_rule"


def instrument(
    app: Flask,
    *,
    labels: LabelCallbacks | None = None,
    settings: Settings | None = None,
    registry: CollectorRegistry | None = None,
) -> None:
    """Measure the requests of `app`, and add the page's route.

    `handler` is the text of the rule, with its blueprint's prefix: `/v1/items/<int:item_id>`. Before or after routes and
    blueprints are added, it is the same; WSGI middleware that wraps `app.wsgi_app` later is not measured. The page's own
    requests are not measured. Adds nothing at all where metrics are disabled; a second call adds nothing either.

    Args:
        app: The application, before its first request.
        labels: Labels to add to `http_requests_total` and `http_request_duration_seconds`, each with a callable that
            gets flask's request when the response begins (`flask.g` and the session are there too) and returns a
            string. One that fails counts as "unknown", in `service_metrics_label_errors_total{label}`.
        settings: None reads the environment.
        registry: What to register in and to publish; None is REGISTRY.

    Raises:
        SettingsError: the environment has a value that is not allowed.
        ValueError: the registry has other metrics of these names, or a label cannot be added.
        AssertionError: Flask's own, where the application has answered a request already.
    """
    settings = Settings.from_env() if settings is None else settings
    if not settings.enabled or _EXTENSION in app.extensions:
        return
    page = Page(registry, settings)

    def answer_page() -> Response:
        accept, accept_encoding = request.headers.get("Accept", ""), request.headers.get("Accept-Encoding", "")
        status, headers, body = page_answer(page, request.method, accept, accept_encoding)
        return Response(body, status, headers)

    measured = MetricsMiddleware(
        app.wsgi_app,
        lambda environ: environ.get(_HANDLER),
        settings=settings,
        registry=registry,
        labels={name: _of_request(callback) for name, callback in (labels or {}).items()},
    )
    app.add_url_rule(settings.path, "service_metrics_page", answer_page)
    app.extensions[_EXTENSION] = measured
    app.wsgi_app = measured  # type: ignore[method-assign]  # as Flask's documentation has it for middleware
    # Flask takes the request away from the environ before an exception is out of the application.
    request_started.connect(_remember, app)


def _remember(app: Flask, **_: Any) -> None:
    request.environ[_REQUEST] = request._get_current_object()  # type: ignore[attr-defined]  # documented for signals
    rule, problem = request.url_rule, request.routing_exception
    if isinstance(problem, MethodNotAllowed) and problem.valid_methods:
        adapter = app.create_url_adapter(request)
        if adapter is not None:
            rule, _arguments = adapter.match(method=next(iter(problem.valid_methods)), return_rule=True)
    request.environ[_HANDLER] = None if rule is None else rule.rule


def _of_request(callback: Callable[[Request], str]) -> Callable[[WSGIEnvironment], str]:
    return lambda environ: callback(environ[_REQUEST])
