"""A service of each role, in both environments, is proved by the embedded target."""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources

import pytest

from chart_harness.fleet import service_release
from promotion_gate.workload import read_workload
from tests.gate.conftest import ROOT, Run

pytestmark = pytest.mark.live

RELEASES = [
    (service, environment)
    for service in ("aaa-api", "event-recorder", "archive-tagger")
    for environment in ("staging", "production")
]


@pytest.mark.parametrize(("service", "environment"), RELEASES)
def test_a_clean_release_passes(service: str, environment: str, verify: Callable[..., Run]) -> None:
    run = verify(service, environment)
    assert run.exit_code == 0, run.output + run.errors
    assert run.verdict["outcome"] == "PASS"
    assert run.checks("PASS") == set(run.verdict["required_checks"])
    assert len(run.verdict["required_checks"]) == (12 if service == "aaa-api" else 11)


def test_a_verdict_of_the_embedded_target_never_promotes(verify: Callable[..., Run]) -> None:
    run = verify("archive-tagger", "production")
    assert run.verdict["outcome"] == "PASS"
    assert run.verdict["target"]["name"] == "embedded"
    assert run.verdict["promotes"] is False
    assert "Not fit for promotion" in run.output


def test_there_is_one_service_of_each_role_in_this_table() -> None:
    """The fleet's other services differ from these in values; ci/gate/tests/test_the_fleet.py holds that the gate can judge them."""
    roles = {read_workload(service_release(ROOT, *release)).role for release in RELEASES}
    contracts = resources.files("promotion_gate") / "contracts"
    assert roles | {"runtime"} == {file.name.removesuffix(".yaml") for file in contracts.iterdir()}
