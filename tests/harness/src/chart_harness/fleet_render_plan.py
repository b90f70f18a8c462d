"""What there is to render of a fleet, and for each release the hash of all that decides what comes out."""

from __future__ import annotations

import hashlib
import os
import re
import sys
import sysconfig
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from chart_harness.assembly import Known, assemble, chart_files
from chart_harness.errors import RenderError
from chart_harness.fleet import values_files
from cluster_images.modules import RENDERER

_HARNESS = Path(__file__).resolve().parent
_DEFINITIONS = re.compile(r"(charts/[^/]+/)?crds/.*\.(ya?ml|json)")
"""The definitions that Helm installs before it renders the chart: its own, and those of its charts."""


@dataclass(frozen=True)
class Planned:
    """A release to render. `files` are its chart's, by their path in it; `key` changes with everything that decides the result."""

    service: str
    environment: str
    chart: Path
    files: Mapping[str, Path]
    values: tuple[Path, ...]
    crds: tuple[Path, ...]
    kube_version: str
    key: str
    refused: str = ""
    """Why there is nothing to render: the chart cannot be put together."""

    @property
    def assessed(self) -> str:
        """The key of what the policies say of the result."""
        return f"{self.key}-{policies()}"

    @property
    def failed(self) -> str:
        """The key of an error. It names files where they are, so the same files in another folder have an error of their own."""
        places = [self.chart, *self.files.values(), *self.values, *self.crds]
        return f"{self.key}-{_digest(map(str, places))[:16]}"

    def explained_by(self) -> Path | None:
        """A folder with the whole chart, whose schemas say what a key is for; made when it is needed, which is seldom."""
        return None if self.refused else assemble(self.chart)


def plan(root: Path, releases: Collection[tuple[str, str]], kube_version: str) -> dict[tuple[str, str], Planned]:
    """The releases in the order they were asked for. Raises FleetError for one that the fleet has not."""
    contents = _Contents()
    known: Known = {}
    crds = root / "charts" / "crds"
    clusters = sorted(path for path in crds.rglob("*") if path.is_file()) if crds.is_dir() else []
    common = [code(), RENDERER.content, kube_version, *map(contents.of, clusters)]
    return {
        (service, environment): _planned(root, service, environment, kube_version, known, contents, clusters, common)
        for service, environment in releases
    }


def _planned(
    root: Path,
    service: str,
    environment: str,
    kube_version: str,
    known: Known,
    contents: _Contents,
    clusters: list[Path],
    common: list[str],
) -> Planned:
    chart, values = values_files(root, service, environment)
    try:
        files, refused = chart_files(chart, known), ""
    except RenderError as error:
        files, refused = {}, str(error)
    shipped = [path for name, path in sorted(files.items()) if _DEFINITIONS.fullmatch(name)]
    parts = [refused, service, environment, *common, *contents.of_chart(chart, files), *map(contents.of, values)]
    return Planned(
        service=service,
        environment=environment,
        chart=chart,
        files=files,
        values=tuple(values),
        crds=(*clusters, *shipped),
        kube_version=kube_version,
        key=_digest(parts),
        refused=refused,
    )


class _Contents:
    """The hash of each file, read once."""

    def __init__(self) -> None:
        self._known: dict[Path, str] = {}
        self._charts: dict[Path, list[str]] = {}

    def of(self, path: Path) -> str:
        if path not in self._known:
            self._known[path] = hashlib.sha256(path.read_bytes()).hexdigest()
        return self._known[path]

    def of_chart(self, chart: Path, files: Mapping[str, Path]) -> list[str]:
        if chart not in self._charts:
            self._charts[chart] = [f"{name}\0{self.of(path)}" for name, path in sorted(files.items())]
        return self._charts[chart]


@cache
def code() -> str:
    """A hash of what reads and judges a render: this package's modules, the Python it runs on, and the packages installed."""
    installed = sorted(path.name for path in Path(sysconfig.get_path("purelib")).glob("*.dist-info"))
    modules = [*_HARNESS.glob("*.py"), *_HARNESS.glob("schemas/*.py")]
    counted = os.environ.get("TEMPLATE_COVERAGE", "")  # what was kept without counting took no branch
    return _digest([counted, sys.version, *installed, *sources(modules)])


@cache
def policies() -> str:
    """A hash of the fleet's policies: their results are as old as they are."""
    return _digest([code(), *sources((_HARNESS / "checks").rglob("*.py"))])[:16]


def sources(modules: Iterable[Path]) -> list[str]:
    """What tells these source files from others, in an order of their own."""
    return [f"{path}\0{path.read_text(encoding='utf-8')}" for path in sorted(modules)]


def _digest(parts: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{len(part)}:{part}".encode())
    return digest.hexdigest()
