"""`gate deploy` in a real cluster: what is proved stays, what is not is taken back, and the pods before it serve all along."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from chart_harness.clusters.cluster import Cluster
from chart_harness.clusters.objects import NAMESPACE, Objects
from chart_harness.clusters.pods import pods
from chart_harness.layers import over
from promotion_gate.deployment.helm_release import HelmRelease
from promotion_gate.targets.cluster.namespace import request_deletion
from promotion_gate.targets.cluster.probe_pods import PROBE_LABEL
from reference_service.misbehave import Switch
from tests.gate.conftest import GATE, ROOT, quick_policy

pytestmark = [pytest.mark.live, pytest.mark.cluster, pytest.mark.xdist_group("gate_deploy")]

SERVICE, SELECTOR = "aaa-api", "app.kubernetes.io/instance=aaa-api"
SMALL: Mapping[str, Any] = {
    "metrics": {"budget": {"series": 1500}, "serviceMonitor": {"interval": "1s", "scrapeTimeout": "1s"}},
    "workload": {"replicas": 1, "resources": {"requests": {"cpu": "20m"}}},
    "env": {"standard": {"PROMETHEUS_BACKEND": "otel"}},
}
CRASHES: Mapping[str, Any] = {"workload": {"command": ["reference-service", "nonsense"]}}
NEVER_BUILT: Mapping[str, Any] = {"workload": {"image": {"repository": "registry.invalid/never-built"}}}


@dataclass(frozen=True)
class Trial:
    """A fleet with an environment of this test's own, and what `gate deploy` makes of it."""

    root: Path
    environment: str
    cluster: Cluster
    target: str

    def values(self, *layers: Mapping[str, Any]) -> None:
        """What the environment's values file says from now on."""
        values: Mapping[str, Any] = over(SMALL, {"metrics": {"environment": self.environment}})
        for layer in layers:
            values = over(values, layer)
        file = self.root / "charts" / "services" / SERVICE / "environments" / self.environment / "values.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(yaml.safe_dump(json.loads(json.dumps(values))))

    def command(self, *arguments: str, target: str = "", environment: str = "") -> list[str]:
        where = ["--root", str(self.root), "--reports", str(self.reports), "--target", target or self.target]
        return [str(GATE), "deploy", SERVICE, environment or self.environment, *where, *arguments]

    def deploy(self, *arguments: str, **named: str) -> subprocess.CompletedProcess[str]:
        variables = {"KUBECONFIG": str(self.cluster.kubeconfig)}
        return subprocess.run(
            self.command(*arguments, **named),
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    def watching(self) -> subprocess.Popen[str]:
        """A `gate deploy` that has rolled out, and watches for a minute."""
        gate = subprocess.Popen(
            self.command("--window", "60"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert gate.stdout is not None
        assert any("watching" in line for line in gate.stdout)
        return gate

    @property
    def reports(self) -> Path:
        return self.root / "reports"

    @property
    def record(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.reports / "deployment.json").read_text())
        return found

    @property
    def release(self) -> HelmRelease:
        return HelmRelease(self.cluster, self.environment, SERVICE)

    def serving(self) -> dict[str, int]:
        """The pods that are Ready, each with its restarts."""
        found = pods(self.cluster, self.environment, SELECTOR)
        ready = [pod for pod in found if all(status["ready"] for status in pod.statuses)]
        assert ready
        return {pod.name: pod.restarts for pod in ready}


@pytest.fixture(scope="module")
def trial(cluster: Cluster, pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """A release that was deployed and proved, into a namespace that was not there; gone after the module's tests."""
    root = tmp_path_factory.mktemp("fleet")
    shutil.copytree(ROOT / "charts", root / "charts")
    quick_policy(root / "ci" / "promotion-policy.yaml")
    found = Trial(root, f"trial-{os.getpid()}", cluster, str(pytestconfig.getoption("cluster")))
    found.values()
    try:
        yield found
    finally:
        request_deletion(cluster, found.environment)


@pytest.fixture(scope="module")
def deployed(trial: Trial) -> Trial:
    refused = trial.deploy()
    assert refused.returncode == 3
    assert f"There is no namespace {trial.environment}" in refused.stderr
    done = trial.deploy("--create-namespace")
    assert done.returncode == 0, done.stdout + done.stderr
    assert trial.record["ending"] == "deployed"
    return trial


def assert_taken_back(
    trial: Trial, before: Mapping[str, int], done: subprocess.CompletedProcess[str], code: int
) -> None:
    """The pods that served before serve still, never restarted, and the newest revision is a rollback to theirs."""
    assert done.returncode == code, done.stdout + done.stderr
    assert trial.record["ending"] == "rolled back"
    assert trial.serving() == before
    newest = trial.release.history()[-1]
    assert (newest.status, newest.description) == ("deployed", f"Rollback to {trial.record['revision_before']}")
    assert f"{trial.record['revision_before']} " in (trial.reports / "failed" / "history.txt").read_text()


def test_what_is_proved_stays_and_the_gates_own_pods_go(deployed: Trial) -> None:
    verdict = json.loads((deployed.reports / "verdict.json").read_text())
    assert (verdict["outcome"], verdict["target"]["kind"], verdict["promotes"]) == ("PASS", "live", False)
    assert verdict["target"]["identity"].endswith(f"/{deployed.environment}")
    assert {"network-reach", "alerts-quiet", "prometheus-target"} <= set(verdict["required_checks"])
    with Objects(deployed.cluster) as objects:
        namespace = objects.get(NAMESPACE, deployed.environment)
    assert namespace is not None
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert not pods(deployed.cluster, deployed.environment, PROBE_LABEL)


def test_a_release_that_crashes_is_taken_back(deployed: Trial) -> None:
    before = deployed.serving()
    deployed.values(CRASHES)
    done = deployed.deploy()
    assert_taken_back(deployed, before, done, 1)
    assert "CrashLoopBackOff" in deployed.record["why"]
    logs = [path.read_text() for path in (deployed.reports / "failed").glob("*/app*.log")]
    assert any("Give one argument, a role" in log for log in logs)
    assert not (deployed.reports / "verdict.json").exists(), "there is nothing of which it could be"


def test_an_image_that_there_is_not_is_taken_back(deployed: Trial) -> None:
    before = deployed.serving()
    deployed.values(NEVER_BUILT)
    done = deployed.deploy(target=f"context:{deployed.cluster.context}")
    assert_taken_back(deployed, before, done, 1)
    assert "never-built" in deployed.record["why"]


def test_a_release_that_fails_a_check_is_taken_back(deployed: Trial) -> None:
    deployed.values()
    before, revision = deployed.serving(), deployed.release.history()[-1].number
    deployed.values({"env": {"standard": {"REFERENCE_MISBEHAVE": str(Switch.BAD_LABEL)}}})
    done = deployed.deploy()
    assert done.returncode == 1, done.stdout + done.stderr
    assert "forbidden-labels" in deployed.record["why"]
    assert (deployed.record["outcome"], deployed.record["revision_before"]) == ("FAIL", revision)
    # its pods were Ready, so those before had gone; they are back as they were
    assert deployed.release.objects() == deployed.release.objects(revision)
    assert set(deployed.serving()).isdisjoint(before)
    verdict = json.loads((deployed.reports / "verdict.json").read_text())
    assert verdict["outcome"] == "FAIL"


def test_what_is_not_proved_is_taken_back_unless_it_is_said_to_be_kept(deployed: Trial) -> None:
    deployed.values({"env": {"standard": {"EXTRA": "1"}}})
    done = deployed.deploy("--window", "0")
    assert (done.returncode, deployed.record["ending"]) == (2, "rolled back"), done.stdout + done.stderr
    assert "INCONCLUSIVE" in deployed.record["why"]
    kept = deployed.deploy("--window", "0", "--keep-inconclusive")
    assert (kept.returncode, deployed.record["ending"]) == (2, "kept, though not proved"), kept.stdout + kept.stderr
    assert deployed.release.history()[-1].number == deployed.record["revision"]


def test_an_interrupt_takes_back_and_until_then_nobody_else_deploys(deployed: Trial) -> None:
    deployed.values({"env": {"standard": {"EXTRA": "2"}}})
    before = deployed.release.history()[-1].number
    gate = deployed.watching()
    second = deployed.deploy()
    assert second.returncode == 3, second.stdout
    assert f"Another deployment of {SERVICE} in namespace {deployed.environment} is under way" in second.stderr
    gate.send_signal(signal.SIGINT)
    gate.send_signal(signal.SIGTERM)  # a second one must not stop the way back
    _, errors = gate.communicate(timeout=120)
    assert gate.returncode == 130, errors
    assert deployed.record["ending"] == "rolled back"
    assert deployed.release.objects() == deployed.release.objects(before)


def test_what_a_killed_deployment_has_left_is_not_what_is_put_back(deployed: Trial) -> None:
    deployed.values({"env": {"standard": {"EXTRA": "3"}}})
    proved = deployed.release.history()[-1].number
    gate = deployed.watching()
    gate.kill()
    gate.communicate(timeout=30)
    left = deployed.release.history()[-1]
    assert (left.number, left.status) == (proved + 1, "deployed")
    deployed.values(CRASHES)
    done = deployed.deploy()
    assert (done.returncode, deployed.record["ending"]) == (1, "rolled back"), done.stdout + done.stderr
    assert f"Revision {left.number} was left by a deployment that was killed" in done.stdout
    assert deployed.record["revision_before"] == proved
    assert deployed.release.objects() == deployed.release.objects(proved) != deployed.release.objects(left.number)


def test_production_asks_for_a_verdict_before_anything_is_touched(deployed: Trial) -> None:
    done = deployed.deploy(environment="production")
    assert done.returncode == 3
    assert "There is no signed verdict at" in done.stderr
    assert "promotion.dsse.json" in done.stderr
    assert not HelmRelease(deployed.cluster, "production", SERVICE).history()


@pytest.fixture
def fresh(trial: Trial) -> Iterator[Callable[..., Trial]]:
    """The same fleet in an environment where nothing was deployed before."""
    found = Trial(trial.root, f"{trial.environment}-fresh", trial.cluster, trial.target)

    def make(*layers: Mapping[str, Any]) -> Trial:
        found.values(*layers)
        return found

    yield make
    request_deletion(trial.cluster, found.environment)


def test_a_first_release_that_crashes_is_removed(fresh: Callable[..., Trial]) -> None:
    trial = fresh(CRASHES)
    done = trial.deploy("--create-namespace")
    assert (done.returncode, trial.record["ending"]) == (1, "uninstalled"), done.stdout + done.stderr
    assert not trial.release.history()
    assert not pods(trial.cluster, trial.environment)
