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
    chart = root / "charts" / "services" / service
    if not (chart / "Chart.yaml").is_file():
        known = ", ".join(services(root)) or "none, the fleet is empty"
        raise FleetError(f"There is no service {service!r}: choose one of {known}.")
    return sorted(path.parent.name for path in (chart / "environments").glob("*/values.yaml"))


def values_files(root: Path, service: str, environment: str) -> tuple[Path, list[Path]]:
    """The folder of the service's chart, and its values files for `environment`, each over the one before.

    Raises FleetError for a service or an environment there is none of.
    """
    known = environments(root, service)
    if environment not in known:
        raise FleetError(
            f"Service {service} has no environment {environment!r}: choose one of {', '.join(known) or 'none yet'}."
        )
    chart = root / "charts" / "services" / service
    return chart, [chart / "values.yaml", chart / "environments" / environment / "values.yaml"]


def service_release(
    root: Path, service: str, environment: str, *, overrides: Mapping[str, Any] | None = None
) -> Release:
    """Render `service` for `environment`: values.yaml, then environments/<environment>/values.yaml, then `overrides`.

    CustomResourceDefinitions of the clusters, where services use kinds of other operators, are files in `root`/charts/crds.
    The release is named after the service and its namespace after the environment. Raises FleetError for a service or an
    environment there is none of, RenderError when the chart does not render.
    """
    chart, files = values_files(root, service, environment)
    crds = root / "charts" / "crds"
    return render(
        chart,
        name=service,
        namespace=environment,
        values=files,
        overrides=overrides,
        crds=crds if crds.is_dir() else None,
    )
