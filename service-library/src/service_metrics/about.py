"""What is running: for a log line at start-up, a bug report, or a test that must know."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from service_metrics.backend import BACKEND, HAS_GIL
from service_metrics.recording import cells


@dataclass(frozen=True)
class LibraryInfo:
    """What `info()` returns.

    Attributes:
        version: Of service-metrics; "unknown" where it runs from a folder that is not installed.
        backend: Who records.
        compiled: The hot path runs as machine code, from a wheel that `make wheel` built.
        gil: The interpreter has a global lock, so recording needs none.
        prometheus_client: The version of that package.
    """

    version: str
    backend: str
    compiled: bool
    gil: bool
    prometheus_client: str


def info() -> LibraryInfo:
    """Return which parts of the library run in this process."""
    return LibraryInfo(
        version=_version("service-metrics"),
        backend=BACKEND,
        compiled=not str(cells.__file__).endswith(".py"),
        gil=HAS_GIL,
        prometheus_client=_version("prometheus-client"),
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
