"""The route template of a request, from what Starlette's and FastAPI's routers leave in the ASGI scope."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]


def route_template(scope: Scope, root_path: str) -> str | None:
    """Return the template of the route that took the request, such as `/items/{item_id}`; None where none did.

    Args:
        scope: The scope after routing.
        root_path: The scope's `root_path` before routing; what was added since is the path of mounts.
    """
    route = scope.get("route")
    if is_endpoint(route):
        context = scope.get("fastapi", {}).get("effective_route_context")
        # FastAPI keeps the path with the prefixes of included routers apart from the route.
        own = _path_of(context if context is not None and context.original_route is route else route)
        mounts = _mounts(scope, root_path)
        return None if mounts is None else mounts + own
    if "endpoint" in scope:  # FastAPI leaves no route where it is a plain Starlette route, such as /docs
        return _search(_routes(scope), _unrouted(scope, root_path))
    return None


def _mounts(scope: Scope, root_path: str) -> str | None:
    """Return the templates of the mounts on the way to the route; `root_path` holds their values instead."""
    if scope.get("root_path", "") == root_path:
        return ""
    prefix = ""
    passed = _unrouted(scope, root_path)
    routes = _routes(scope)
    while passed.get("root_path", "") != scope.get("root_path", ""):
        for route in routes:
            if is_endpoint(route):
                continue
            matched, child_scope = route.matches(passed)
            if matched.value:
                prefix += _path_of(route).removesuffix("/{path}")
                passed = {**passed, **child_scope}
                routes = getattr(route, "routes", None) or ()
                break
        else:
            return None
    return prefix


def _search(routes: Iterable[Any], scope: Scope) -> str | None:
    """Route the request again and return the template of the route it comes to."""
    for route in routes:
        matched, child_scope = route.matches(scope)
        if not matched.value:
            continue
        if is_endpoint(route):
            return _path_of(route)
        inner = _search(getattr(route, "routes", None) or (), {**scope, **child_scope})
        return None if inner is None else _path_of(route).removesuffix("/{path}") + inner
    return None


def _routes(scope: Scope) -> Iterable[Any]:
    return getattr(scope.get("router"), "routes", ())


def _unrouted(scope: Scope, root_path: str) -> Scope:
    """Return the scope as it was before routing, for routes to match against."""
    routed = ("route", "endpoint", "fastapi")
    return {**{key: value for key, value in scope.items() if key not in routed}, "root_path": root_path}


def is_endpoint(route: Any) -> bool:
    """Tell routes from mounts and included routers, which only lead on to routes, and from None."""
    return hasattr(route, "endpoint")


def _path_of(route: Any) -> str:
    return str(getattr(route, "path_format", None) or getattr(route, "path", ""))
