"""`gate rollout` in a cluster: a wave stops at what staging does not prove, and goes on there once it is mended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from chart_harness.clusters.cluster import Cluster
from chart_harness.clusters.context import ALLOW_LABEL
from chart_harness.layers import over
from ci.gate.tests.fleet.conftest import POLICY, git, make_checkout
from promotion_gate.fleet.document import Standing
from promotion_gate.fleet.rollout_state import Stage
from promotion_gate.verdicts import promotion_file
from reference_service.misbehave import Switch
from tests.gate.conftest import quick_policy
from tests.gate.test_rollout import APIS, Rollout

# The label that lets a context be used is the cluster's: one test at a time may set it.
pytestmark = [pytest.mark.live, pytest.mark.cluster, pytest.mark.xdist_group("gate_context")]

GOOD, BAD = APIS


def staging(rollout: Rollout, service: str, values: Mapping[str, Any]) -> None:
    """Values over those of the service in staging."""
    file = rollout.checkout.root / "charts" / "services" / service / "environments" / "staging" / "values.yaml"
    file.write_text(yaml.safe_dump(over(yaml.safe_load(file.read_text()), values)))


@pytest.fixture
def rollout(cluster: Cluster, tmp_path: Path) -> Iterator[Rollout]:
    """A fleet of two APIs and a consumer, and a cluster that says it may be used."""
    found = Rollout(make_checkout(tmp_path, (*APIS, "asset-monitor")))
    found.environment["KUBECONFIG"] = str(cluster.kubeconfig)
    quick_policy(found.checkout.root / POLICY)
    often = {"interval": "2s", "scrapeTimeout": "2s"}
    for service in APIS:
        staging(found, service, {"metrics": {"serviceMonitor": often}})
    found.checkout.commit()
    cluster.kubectl("label", "namespace", "default", f"{ALLOW_LABEL}=true", "--overwrite")
    yield found
    cluster.kubectl("label", "namespace", "default", f"{ALLOW_LABEL}-")


@pytest.mark.timeout(900)
def test_a_wave_stops_at_what_is_not_proved_and_goes_on_once_it_is(rollout: Rollout, cluster: Cluster) -> None:
    wave = ("--wave", "1", "--target", f"context:{cluster.context}", "--jobs", "2", "--commit")
    staging(rollout, BAD, {"env": {"standard": {"REFERENCE_MISBEHAVE": str(Switch.BAD_LABEL)}}})
    rollout.checkout.commit()
    said = rollout(*wave, code=1)
    assert rollout.stages() == {GOOD: Stage.PROMOTED, BAD: Stage.FAILED}
    assert "forbidden-labels" in rollout.state().services[BAD].reason
    assert "It is not complete, and no later wave begins." in said
    changed = git(rollout.checkout.root, "show", "--name-only", "--format=").splitlines()
    assert str(promotion_file(GOOD, "production")) in changed
    assert not any(BAD in path for path in changed)
    verified = rollout.state().services[GOOD]

    staging(rollout, BAD, {"env": {"standard": {"REFERENCE_MISBEHAVE": ""}}})
    rollout.checkout.commit()
    assert "Wave 1: 2 promoted. It is complete." in rollout(*wave, code=0)
    assert rollout.state().services[GOOD] == verified, "what was promoted is not done again"
    rows = rollout.status()
    assert {rows[service, "production"].standing for service in APIS} == {Standing.PROVED}
    assert git(rollout.checkout.root, "status", "--porcelain") == ""
