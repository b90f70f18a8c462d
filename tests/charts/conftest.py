"""The charts under test, and how a test says what it expects of a rendered container."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from chart_harness.fleet import environments, services
from chart_harness.render import Release, render

ROOT = Path(__file__).resolve().parents[2]
# One service of each role: what holds for a role is tested with these, what holds for every service with FLEET.
PILOTS = ["aaa-api", "archive-tagger", "event-recorder"]
FLEET = [(service, environment) for service in services(ROOT) for environment in environments(ROOT, service)]


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return ROOT


@pytest.fixture(scope="session")
def container() -> Callable[[Release], Mapping[str, Any]]:
    """The service's only container."""

    def only(release: Release) -> Mapping[str, Any]:
        (found,) = release.one("Deployment")["spec"]["template"]["spec"]["containers"]
        assert found["name"] == "app"
        return dict(found)

    return only


@pytest.fixture(scope="session")
def env(container: Callable[[Release], Mapping[str, Any]]) -> Callable[[Release], dict[str, Any]]:
    """The container's variables: the text, or for one that is read from elsewhere the mapping that says where."""

    def of(release: Release) -> dict[str, Any]:
        return {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in container(release)["env"]}

    return of


@pytest.fixture(scope="session")
def render_service(root: Path) -> Callable[..., Release]:
    """Renders a service for staging with overrides and the further arguments of chart_harness.render.render."""

    def rendered(overrides: Mapping[str, Any], service: str = "aaa-api", **arguments: Any) -> Release:
        chart = root / "charts" / "services" / service
        files = [chart / "values.yaml", chart / "environments" / "staging" / "values.yaml"]
        return render(chart, **{"name": service, "values": files, "overrides": overrides, **arguments})

    return rendered


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes `service` and `environment` runs for each that the fleet has; with `pilot`, for one of each role."""
    for taken, pairs in (("service", FLEET), ("pilot", [pair for pair in FLEET if pair[0] in PILOTS])):
        if {taken, "environment"} <= set(metafunc.fixturenames):
            metafunc.parametrize((taken, "environment"), pairs, ids=["-".join(pair) for pair in pairs])
