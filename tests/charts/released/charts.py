"""Services as they were when the libraries were last released, with the libraries of then or of now."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import yaml
from charts.publish import content

from chart_harness.layers import over

__all__ = ["content", "newest", "package", "values_of", "with_present_libraries", "with_released_libraries"]

RELEASED = Path(__file__).parent
CHARTS = RELEASED.parents[2] / "charts"
LIBRARIES = ("metrics", "workload")
_NOT_IN_A_PACKAGE = shutil.ignore_patterns("examples", "*.md", ".helmignore")


def newest() -> str:
    """The version of the last release."""
    versions = [path.name for path in RELEASED.iterdir() if path.name[0].isdigit()]
    return max(versions, key=lambda version: tuple(map(int, version.split("."))))


def package(library: str, version: str) -> Path:
    """The released package of `library`."""
    return RELEASED / version / f"{library}-{version}.tgz"


def values_of(service: str, environment: str, version: str) -> dict[str, Any]:
    """The values that a service of that release had, its files merged as Helm does."""
    folder = RELEASED / version / "services" / service
    files = (folder / "values.yaml", folder / "environments" / environment / "values.yaml")
    base, differing = (yaml.safe_load(path.read_text()) for path in files)
    return over(base, differing)


def with_released_libraries(service: str, version: str, into: Path) -> Path:
    """The chart of a service as it was installed from that release."""
    chart = _service(service, version, into)
    for library in LIBRARIES:
        shutil.copy(package(library, version), chart / "charts")
    return chart


def with_present_libraries(service: str, version: str, into: Path) -> Path:
    """The same chart after nothing but an update of its dependencies."""
    chart = _service(service, version, into)
    for library in LIBRARIES:
        shutil.copytree(CHARTS / library, chart / "charts" / library, ignore=_NOT_IN_A_PACKAGE)
    return chart


def _service(service: str, version: str, into: Path) -> Path:
    chart = into / service
    shutil.copytree(RELEASED / version / "services" / service, chart)
    (chart / "charts").mkdir()
    return chart
