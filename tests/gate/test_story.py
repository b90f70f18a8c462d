"""The whole way of a release: staging proves it, a signed verdict promotes it, production has it, a bad one is taken back."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml

from chart_harness.clusters.cluster import Cluster
from chart_harness.clusters.context import ALLOW_LABEL
from chart_harness.clusters.pods import Pod, pods
from chart_harness.clusters.probes import environment_of
from chart_harness.layers import over
from ci.gate.tests.faults.world import PRODUCTION, SERVICE, checkout, commit, git
from promotion_gate.deployment.helm_release import HelmRelease
from promotion_gate.targets.cluster.namespace import request_deletion
from promotion_gate.verdicts import promotion_file
from reference_service.misbehave import Switch
from tests.gate.conftest import GATE, ROOT

# The label that lets a context be used is the cluster's: one test at a time may set it.
pytestmark = [pytest.mark.live, pytest.mark.cluster, pytest.mark.xdist_group("gate_context")]

SELECTOR = f"app.kubernetes.io/instance={SERVICE}"


@dataclass(frozen=True)
class Team:
    """A repository, a cluster that says it may be used, and the command."""

    root: Path
    cluster: Cluster

    def gate(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs the command in the repository; it has the private key in its environment, as a pipeline does."""
        key = (self.root.parent / "team.key").read_text()
        return subprocess.run(
            [str(GATE), *arguments],
            cwd=self.root,
            env={**os.environ, "KUBECONFIG": str(self.cluster.kubeconfig), "GATE_SIGNING_KEY": key},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    @property
    def target(self) -> str:
        return f"context:{self.cluster.context}"

    def done(self, *arguments: str) -> str:
        """The output of a command that must succeed."""
        run = self.gate(*arguments)
        assert run.returncode == 0, f"gate {' '.join(arguments)}\n{run.stdout}{run.stderr}"
        return run.stdout

    def production(self, values: Mapping[str, Any]) -> None:
        """Values over those of production, committed by somebody."""
        file = self.root / PRODUCTION
        file.write_text(yaml.safe_dump(over(yaml.safe_load(file.read_text()), values)))
        commit(self.root)

    def serving(self) -> list[Pod]:
        """Production's pods that are Ready."""
        found = pods(self.cluster, "production", SELECTOR)
        return [pod for pod in found if all(status["ready"] for status in pod.statuses)]


@pytest.fixture
def team(cluster: Cluster, tmp_path: Path) -> Iterator[Team]:
    root = tmp_path / "checkout"
    checkout(ROOT, root)
    file = root / "charts" / "services" / SERVICE / "values.yaml"
    often = {
        "metrics": {"serviceMonitor": {"interval": "2s", "scrapeTimeout": "2s"}}
    }  # so that nobody waits for a scrape
    file.write_text(yaml.safe_dump(over(yaml.safe_load(file.read_text()), often)))
    for environment in ("staging", "production"):
        # Alerts select by service and environment, and an error budget that was burnt by a run before this one alerts for hours.
        file = root / PRODUCTION.parents[1] / environment / "values.yaml"
        file.write_text(
            file.read_text().replace(f"environment: {environment}", f"environment: {environment}-{uuid4().hex[:8]}")
        )
    commit(root)
    cluster.kubectl("label", "namespace", "default", f"{ALLOW_LABEL}=true", "--overwrite")
    try:
        yield Team(root, cluster)
    finally:
        cluster.kubectl("label", "namespace", "default", f"{ALLOW_LABEL}-")
        request_deletion(cluster, "production")


def backends(found: list[Pod]) -> set[str]:
    return {process.environment["PROMETHEUS_BACKEND"] for pod in found for process in environment_of(pod)}


@pytest.mark.timeout(1200)
def test_from_staging_to_production_and_back(team: Team) -> None:
    base = git(team.root, "rev-parse", "HEAD")
    deploy = ("deploy", SERVICE, "production", "--target", team.target, "--create-namespace")

    # Nothing is proved yet: no way to production.
    assert team.gate("promote", SERVICE).returncode == 3
    assert team.gate(*deploy).returncode == 3

    # Staging runs on otel, and proves it.
    team.done("verify", SERVICE, "staging", "--target", team.target)
    verdict = json.loads((team.root / "build" / "gate" / "verdict.json").read_text())
    assert (verdict["outcome"], verdict["promotes"]) == ("PASS", True)
    assert "refus" not in team.done("check-verdict", "build/gate/verdict.dsse.json").lower()

    # What it proved goes into production's values, and the guard lets the commit in; not so without its proof.
    team.done("promote", SERVICE)
    assert git(team.root, "status", "--porcelain").split() == [
        "M",
        str(PRODUCTION),
        "??",
        str(promotion_file(SERVICE, "production")),
    ]
    git(team.root, "add", str(PRODUCTION))
    git(team.root, "commit", "--quiet", "--message", "the values alone")
    assert team.gate("guard", f"{base}..HEAD").returncode == 1
    commit(team.root)
    team.done("guard", f"{base}..HEAD")

    # Production has it, proved where its users are.
    team.done(*deploy)
    before = team.serving()
    assert backends(before) == {"otel"}

    # It is broken in production only, where staging could not see it: taken back, and what was there serves.
    team.production({"env": {"standard": {"REFERENCE_MISBEHAVE": str(Switch.ERRORS)}}})
    broken = team.gate(*deploy)
    assert broken.returncode == 1, broken.stdout + broken.stderr
    record = json.loads((team.root / "build" / "deploy" / "deployment.json").read_text())
    assert record["ending"] == "rolled back"
    assert "error-logs" in record["why"]
    after = team.serving()
    assert backends(after) == {"otel"}
    assert len(after) == len(before) == 2
    assert not any("REFERENCE_MISBEHAVE" in p.environment for pod in after for p in environment_of(pod))
    assert HelmRelease(team.cluster, "production", SERVICE).history()[-1].description.startswith("Rollback to")

    # The fleet's table says what came of it.
    status = json.loads(team.done("status", "--json"))
    assert SERVICE in json.dumps(status)
