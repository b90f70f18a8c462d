"""What a cluster shows around a release: each kind of evidence is good of a clean one, and bad once what it is about is broken."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from chart_harness.clusters.cluster import Cluster
from chart_harness.clusters.waits import Waiting, eventually
from chart_harness.fleet import service_release
from promotion_gate import checks
from promotion_gate.checks.check import Subject
from promotion_gate.contract import contract_for
from promotion_gate.evidence import Evidence, Missing
from promotion_gate.manifests import Judged
from promotion_gate.plan import Plan
from promotion_gate.targets.choice import choose
from promotion_gate.targets.cluster.probe_pods import PROBE_LABEL
from promotion_gate.targets.cluster.running import RunningRelease
from promotion_gate.targets.cluster.target import ClusterTarget
from promotion_gate.verdict import Finding, Outcome
from promotion_gate.workload import Workload, read_workload
from tests.gate.conftest import ROOT

pytestmark = [pytest.mark.live, pytest.mark.cluster, pytest.mark.xdist_group("gate_evidence")]

OFTEN: Mapping[str, Any] = {"metrics": {"serviceMonitor": {"interval": "1s", "scrapeTimeout": "1s"}}}
PATIENCE_SECONDS = 20.0
READY_SECONDS = 90.0


@dataclass(frozen=True)
class Release:
    """A release on the cluster target, which a test may break from outside."""

    target: ClusterTarget
    workload: Workload
    cluster: Cluster

    @property
    def namespace(self) -> str:
        return str(self.target.pods()[0].facts["metadata.namespace"])

    def finding(self, check: str, **evidence: Any) -> Finding:
        """What the check makes of this evidence, and of the pods as they are."""
        rest = dict.fromkeys(("logs", "environments", "memory", "pages", "traffic"), Missing("not looked at"))
        found = Evidence(**{"pods": self.target.pods(), **rest, **evidence})
        subject = Subject(self.workload, contract_for(self.workload, Plan()), found)
        (wanted,) = [one for one in checks.ALL if one.id == check]
        return wanted.run(subject).finding

    def patch(self, kind: str, *operations: Mapping[str, Any]) -> None:
        where = ("--namespace", self.namespace, "--type=json")
        self.cluster.kubectl("patch", kind, self.workload.name, *where, f"--patch={json.dumps(operations)}")


@pytest.fixture
def start(cluster: Cluster, pytestconfig: pytest.Config, tmp_path: Path) -> Iterator[Callable[..., Release]]:
    """A release of a service, when all its pods are Ready."""
    started: list[ClusterTarget] = []

    def run(service: str, overrides: Mapping[str, Any] = OFTEN) -> Release:
        judged = Judged(ROOT, service_release(ROOT, service, "staging", overrides=overrides), overrides)
        workload = read_workload(judged.rendered)
        target = choose(str(pytestconfig.getoption("cluster")), judged, tmp_path)
        assert isinstance(target, ClusterTarget)
        started.append(target)
        target.start(workload)

        def ready() -> None:
            if sum(pod.ready for pod in target.pods()) < workload.replicas:
                raise Waiting("not all pods are Ready")

        eventually(ready, f"{service} to be Ready", deadline=READY_SECONDS)
        return Release(target, workload, cluster)

    yield run
    for target in started:
        target.stop()


def test_a_scrape_is_up_and_whole_until_samples_are_rejected_or_it_fails_or_nobody_scrapes(
    start: Callable[..., Release], monkeypatch: pytest.MonkeyPatch
) -> None:
    release = start("aaa-api")
    clean = release.target.scrape_targets()
    assert release.finding("prometheus-target", scrape_targets=clean).outcome is Outcome.PASS
    assert {one.pod for one in clean} == {pod.name for pod in release.target.pods()}
    assert all(one.samples_scraped == one.samples_kept == one.series_stored > 0 for one in clean)

    def scrapes(expected: Callable[[Any], bool]) -> Finding:
        """The finding once Prometheus has taken up what was changed."""

        def changed() -> Finding:
            found = release.target.scrape_targets()
            if not expected(found):
                raise Waiting(f"it is still {found}")
            return release.finding("prometheus-target", scrape_targets=found)

        return eventually(changed, "Prometheus to take up the change", deadline=READY_SECONDS)

    # without the label that tells the workers apart, one worker's samples are another's
    drop = {"action": "labeldrop", "regex": "service_instance_id"}
    release.patch("servicemonitor", {"op": "add", "path": "/spec/endpoints/0/metricRelabelings/-", "value": drop})
    rejected = scrapes(lambda found: any(one.series_stored < one.samples_kept for one in found))
    assert rejected.outcome is Outcome.FAIL

    release.patch("servicemonitor", {"op": "replace", "path": "/spec/endpoints/0/path", "value": "/nothing"})
    down = scrapes(lambda found: bool(found) and all(one.health == "down" for one in found))
    assert down.outcome is Outcome.FAIL
    assert any("404" in one.observed for one in down.observations)

    release.patch("servicemonitor", {"op": "replace", "path": "/spec/endpoints/0/port", "value": "wrong"})
    impatient(release, monkeypatch)
    gone = scrapes(lambda found: not found)
    assert gone.outcome is Outcome.FAIL


def impatient(release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on nobody waits long for a target that there is not."""
    running = release.target._release
    assert isinstance(running, RunningRelease)
    monkeypatch.setattr(running, "_around", replace(running._around, patience=PATIENCE_SECONDS))


def test_alerts_are_quiet_until_one_fires(start: Callable[..., Release]) -> None:
    release = start("archive-tagger", {})
    clean = release.target.rules()
    assert release.finding("alerts-quiet", rules=clean).outcome is Outcome.PASS
    fires = {"alert": "GateTestFires", "expr": "vector(1)", "annotations": {"summary": "it fires"}}
    group = {"name": "gate-test", "rules": [fires]}
    release.patch("prometheusrule", {"op": "add", "path": "/spec/groups/-", "value": group})

    def firing() -> Finding:
        found = release.target.rules()
        if not any(rule.state == "firing" for rule in found):
            raise Waiting("no alert fires")
        return release.finding("alerts-quiet", rules=found)

    finding = eventually(firing, "the alert to fire", deadline=READY_SECONDS)
    assert finding.outcome is Outcome.FAIL
    assert any("it fires" in one.observed for one in finding.observations)

    # pods that came later did not bring it about: that is no proof against them, nor for them
    where = ("--namespace", release.namespace)
    release.cluster.kubectl("rollout", "restart", f"deployment/{release.workload.name}", *where)

    def replaced() -> Finding:
        later = release.finding("alerts-quiet", rules=release.target.rules())
        if later.outcome is Outcome.FAIL:
            raise Waiting("a pod from before the alert is there")
        return later

    later = eventually(replaced, "other pods", deadline=READY_SECONDS)
    assert later.outcome is Outcome.INCONCLUSIVE
    assert "firing since before: GateTestFires" in later.summary


@pytest.mark.parametrize("service", ["aaa-api", "event-recorder"])
def test_policies_let_the_right_ones_through_until_they_are_gone(service: str, start: Callable[..., Release]) -> None:
    release = start(service, {})
    clean = release.target.connections()
    assert release.finding("network-reach", connections=clean).outcome is Outcome.PASS
    assert {one.allowed for one in clean} == {True, False}
    release.cluster.kubectl("delete", "networkpolicy", service, "--namespace", release.namespace)
    finding = release.finding("network-reach", connections=release.target.connections())
    assert finding.outcome is Outcome.FAIL
    leaking = [one for one in finding.observations if one.outcome is Outcome.FAIL]
    assert leaking
    assert all((one.observed, one.expected) == ("connected", "not connected") for one in leaking)

    # and one that lets nobody in is seen too
    closed = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": service, "namespace": release.namespace},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
    }
    release.cluster.kubectl("apply", "--filename", "-", stdin=json.dumps(closed))
    shut = release.finding("network-reach", connections=release.target.connections())
    assert shut.outcome is Outcome.FAIL
    assert any((one.observed, one.expected) == ("not connected", "connected") for one in shut.observations)

    def no_probe_is_left() -> None:
        left = release.cluster.kubectl(
            "get", "pods", "--namespace", release.namespace, "--selector", PROBE_LABEL, "--output=name"
        )
        if left:
            raise Waiting(f"there is {left}")

    eventually(no_probe_is_left, "the gate's own pods to go", deadline=30)


def test_cpu_time_grows_with_work_and_a_kill_for_want_of_memory_is_counted(start: Callable[..., Release]) -> None:
    release = start("aaa-api", {"workload": {"replicas": 1}})
    (pod,) = release.target.pods()

    def used() -> float:
        return release.target.cpu()[0].samples[-1][1]

    def run(code: str) -> str:
        where = ("--namespace", release.namespace, pod.name)
        return release.cluster.kubectl("exec", *where, "--", "sh", "-c", f"python3 -c '{code}' || echo ended")

    eventually(lambda: _assert_now(release.target.cpu()[0].samples), "a sample")
    before, began = used(), time.monotonic()
    run("import time; end = time.process_time() + 3\nwhile time.process_time() < end: pass")
    eventually(lambda: _assert_now(used() - before >= 3), "its CPU time to be told", deadline=10)
    assert used() - before <= 2 * (time.monotonic() - began)  # two processors
    assert release.target.memory()[0].oom_kills == 0
    assert "ended" in run("b = bytearray(10 ** 9)\nfor n in range(0, 10 ** 9, 4096): b[n] = 1")
    eventually(lambda: _assert_now(release.target.memory()[0].oom_kills), "the kill to be counted", deadline=20)
    finding = release.finding("oom-kills", memory=release.target.memory())
    assert finding.outcome is Outcome.FAIL


def _assert_now(holds: object) -> None:
    if not holds:
        raise Waiting("not yet")
