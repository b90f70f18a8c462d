"""The pytest plugin: renders charts for tests. It stands beside pytest-helm-charts and uses none of its names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import pytest

from chart_harness.fleet import service_release
from chart_harness.render import Release


class ReleaseFactory(Protocol):
    """Renders a service of the fleet for an environment; `overrides` are values over its files."""

    def __call__(self, service: str, environment: str, *, overrides: Mapping[str, Any] | None = None) -> Release: ...


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds --fleet-root, and fleet_root for pytest.ini."""
    help_text = "folder that holds charts/services (default: the folder pytest is configured in)"
    parser.getgroup("chart-harness").addoption("--fleet-root", type=Path, default=None, help=help_text)
    parser.addini("fleet_root", help_text, default="")


@pytest.fixture(scope="session")
def fleet_root(pytestconfig: pytest.Config) -> Path:
    """The folder that holds charts/services: --fleet-root, else fleet_root of the ini file, else pytest's root folder."""
    given: Path | None = pytestconfig.getoption("fleet_root")
    if given is not None:
        return given.resolve()
    return pytestconfig.rootpath / str(pytestconfig.getini("fleet_root"))


@pytest.fixture(scope="session")
def release(fleet_root: Path) -> ReleaseFactory:
    """`release("aaa-api", "staging")`: the rendered release, from the cache where it was rendered before."""

    def factory(service: str, environment: str, *, overrides: Mapping[str, Any] | None = None) -> Release:
        return service_release(fleet_root, service, environment, overrides=overrides)

    return factory
