"""Every role runs as a pod under PodSecurity `restricted` does: no root, no capability, nothing to write to but /tmp."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chart_harness.containers.restricted import SCRATCH
from tests.containers.conftest import SERVICES

if TYPE_CHECKING:
    from tests.containers.conftest import StartService

pytestmark = pytest.mark.live


@pytest.mark.parametrize("service", SERVICES)
def test_it_runs_without_root_and_writes_only_to_tmp(start: StartService, service: str) -> None:
    container = start(service).container
    assert container.run("id", "-u") == (0, "10001\n")
    _, status = container.run("cat", "/proc/1/status")
    fields = dict(line.split(":\t", 1) for line in status.splitlines())
    assert fields["Uid"].split() == ["10001"] * 4
    assert int(fields["CapEff"], 16) == int(fields["CapBnd"], 16) == 0
    assert fields["NoNewPrivs"] == "1"

    for folder in ("/", "/opt/venv", "/home", "/etc", "/var"):
        code, output = container.run("touch", f"{folder.rstrip('/')}/x")
        assert code
        assert "Read-only file system" in output or "Permission denied" in output
    assert container.run("touch", f"{SCRATCH}/x") == (0, "")


def test_the_look_sees_root_and_what_can_be_written(start: StartService) -> None:
    """The control: the same image without the restrictions."""
    lax = {"user": "0", "read_only": False, "cap_drop": [], "security_opt": []}
    container = start("archive-tagger", options=lax).container
    assert container.run("id", "-u") == (0, "0\n")
    assert container.run("touch", "/x", "/opt/venv/x") == (0, "")
    _, status = container.run("cat", "/proc/1/status")
    assert "NoNewPrivs:\t0" in status


@pytest.mark.parametrize("service", SERVICES)
def test_its_environment_is_the_charts(start: StartService, service: str) -> None:
    started = start(service)
    environment = started.container.environment()
    assert environment["METRICS_PORT"] == "8080"
    for variable in started.workload.env:
        assert environment[variable.name] == ("" if variable.name == "AMQP_URL" else variable.value)
