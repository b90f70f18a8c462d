"""The services of the fleet and their environments, as the folders of charts/services name them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chart_harness.render import Release, render


class FleetError(LookupError):
    """There is no such service or environment; the message lists the known ones."""


def services(root: Path) -> list[str]:
    """The names of all services under `root`/charts/services, sorted."""
    return sorted(path.parent.name for path in (root / "charts" / "services").glob("*/Chart.yaml"))


def environments(root: Path, service: str) -> list[str]:
    """The names of the environments `service` has values for, sorted. Raises FleetError for an unknown service."""
    known = services(root)
    if service not in known:
        raise FleetError(
            f"There is no service {service!r}: choose one of {', '.join(known) or 'none, the fleet is empty'}."
        )
    folder = root / "charts" / "services" / service / "environments"
    return sorted(path.parent.name for path in folder.glob("*/values.yaml"))


def service_release(
    root: Path, service: str, environment: str, *, overrides: Mapping[str, Any] | None = None
) -> Release:
    """Render `service` for `environment`: values.yaml, then environments/<environment>/values.yaml, then `overrides`.

    The release is named after the service and its namespace after the environment. Raises FleetError for a service or an
    environment there is none of, RenderError when the chart does not render.
    """
    known = environments(root, service)
    if environment not in known:
        raise FleetError(
            f"Service {service} has no environment {environment!r}: choose one of {', '.join(known) or 'none yet'}."
        )
    chart = root / "charts" / "services" / service
    files = [chart / "values.yaml", chart / "environments" / environment / "values.yaml"]
    return render(chart, name=service, namespace=environment, values=files, overrides=overrides)
