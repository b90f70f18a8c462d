"""The policy's checks on a real cluster: what is clean passes and would be promoted, what misbehaves fails and would not be."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from chart_harness.clusters.cluster import Cluster
from chart_harness.clusters.context import ALLOW_LABEL
from chart_harness.clusters.namespaces import RUN_LABEL as TEST_RUN
from chart_harness.clusters.objects import NAMESPACE, Objects
from chart_harness.clusters.waits import Waiting, eventually
from promotion_gate.admission import Admission, State, assess_admission
from promotion_gate.policy import POLICY_FILE, load_policy
from promotion_gate.reporters import json_report
from promotion_gate.targets.cluster.namespace import RUN_LABEL, request_deletion
from promotion_gate.targets.cluster.signs_of_life import ALIVE_AT
from reference_service.misbehave import Switch
from tests.gate.conftest import ROOT, Run, command, quick_policy

pytestmark = [pytest.mark.live, pytest.mark.cluster]

OFTEN = (
    "--set",
    "metrics.otlp.pushInterval=2s",
    "--set",
    "metrics.serviceMonitor.interval=2s",
    "--set",
    "metrics.serviceMonitor.scrapeTimeout=2s",
)
AROUND = {"oom-kills", "alerts-quiet", "network-reach"}
"""Checks that only a cluster has the evidence for."""
SCRAPED = frozenset({"prometheus-target"})


@pytest.fixture
def quick(tmp_path: Path) -> tuple[str, str]:
    """The option for a policy with shorter windows."""
    return "--policy", str(quick_policy(tmp_path / "policy.yaml"))


@pytest.fixture
def target(pytestconfig: pytest.Config, cluster: Cluster) -> str:
    """The cluster of this session, as the gate's command line names it."""
    return str(pytestconfig.getoption("cluster"))


@pytest.fixture
def kind(target: str) -> str:
    """For what is true of a kind cluster only."""
    if target != "kind":
        pytest.skip("the cluster of a context carries the label, and pulls its own images")
    return target


@pytest.fixture
def verify(reports: Path) -> Callable[..., Run]:
    """Runs `gate verify SERVICE ENVIRONMENT --target TARGET …` to its end."""

    def run(service: str, environment: str, target: str, *arguments: str, **variables: str) -> Run:
        done = subprocess.run(
            command(service, environment, reports, "--target", target, *arguments),
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        return Run(done.returncode, done.stdout, done.stderr, reports)

    return run


@pytest.fixture
def applied(cluster: Cluster) -> Iterator[Callable[..., None]]:
    """Applies objects in the cluster, and deletes them after the test."""
    documents: list[str] = []

    def apply(*objects: dict[str, object]) -> None:
        documents.append(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
        cluster.kubectl("apply", "--filename", "-", stdin=documents[-1])

    yield apply
    for document in documents:
        cluster.kubectl("delete", "--wait=false", "--ignore-not-found", "--filename", "-", stdin=document)


def namespaces(cluster: Cluster, prefix: str) -> list[str]:
    """The gates' namespaces whose names begin so."""
    with Objects(cluster) as objects:
        found = [str(item["metadata"]["name"]) for item in objects.all(NAMESPACE, selector=RUN_LABEL)]
    return [name for name in found if name.startswith(prefix)]


def assert_passes(run: Run, target: str, scraped: frozenset[str] = frozenset()) -> None:
    assert run.exit_code == 0, run.output + run.errors
    assert run.verdict["target"]["name"] == target
    assert run.checks("PASS") == set(run.verdict["required_checks"])
    assert set(run.verdict["required_checks"]) >= AROUND | scraped
    assert run.verdict["target"]["kind"] == "cluster"
    assert run.verdict["target"]["identity"]
    (digest,) = run.verdict["release"]["image_digests"]
    assert re.fullmatch("sha256:[0-9a-f]{64}", digest)
    measured = run.verdict["measurements"]
    assert measured["memory_mib"]
    assert set(measured["memory_mib"]) == set(measured["cpu_cores"])
    assert admission_of(run).state is State.ADMITTED


def admission_of(run: Run) -> Admission:
    """What promotion makes of the run's verdict where nothing is against it but its checks.

    It is from kind, with values from the command line, so it is never promoted: dressed up, or every refusal here would be worth nothing.
    """
    verdict = json_report.read(run.reports / "verdict.json")
    target = verdict.target.model_copy(update={"fit_for_promotion": True})
    release = verdict.release.model_copy(
        update={"commit": "c" * 40, "uncommitted_changes": False, "set_values": ()},
    )
    fit = verdict.model_copy(update={"target": target, "release": release})
    policy, _ = load_policy(ROOT / POLICY_FILE)
    return assess_admission(fit, None, policy.promotion, datetime.now(UTC))


def test_a_clean_api_passes_and_what_a_killed_gate_left_is_removed(
    verify: Callable[..., Run], target: str, cluster: Cluster, applied: Callable[..., None]
) -> None:
    name = f"gate-left-over-{os.getpid()}"
    metadata = {
        "name": name,
        "labels": {RUN_LABEL: "killed"},
        "annotations": {ALIVE_AT: "2020-01-01T00:00:00+00:00"},
    }
    applied({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
    assert namespaces(cluster, name)
    run = verify("aaa-api", "staging", target)  # by the policy as it is
    assert_passes(run, target, SCRAPED)
    assert run.verdict["window"]["seconds"] >= 30

    def removed() -> None:
        if namespaces(cluster, name):
            raise Waiting("it is still there")

    eventually(removed, "the left namespace to go")


def test_a_clean_consumer_passes(verify: Callable[..., Run], target: str, quick: tuple[str, str]) -> None:
    assert_passes(verify("event-recorder", "staging", target, *OFTEN, *quick), target)


def test_a_clean_runner_passes_with_a_secret_of_its_environment(
    verify: Callable[..., Run], target: str, applied: Callable[..., None], quick: tuple[str, str]
) -> None:
    place = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "staging", "labels": {TEST_RUN: "secret"}}}
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "otlp", "namespace": "staging"},
        "stringData": {"headers": "x-tenant=platform"},
    }
    applied(place, secret)
    reference = [f"--set=metrics.otlp.headersSecret.{key}" for key in ("name=otlp", "key=headers")]
    run = verify("archive-tagger", "staging", target, *reference, *OFTEN, *quick)
    assert_passes(run, target)
    assert "platform" not in (run.reports / "verdict.json").read_text()


@pytest.mark.xdist_group("gate_context")
def test_a_context_is_used_only_if_its_cluster_says_so(
    verify: Callable[..., Run], kind: str, cluster: Cluster, quick: tuple[str, str]
) -> None:
    target = f"context:{cluster.context}"
    kubeconfig = {"KUBECONFIG": str(cluster.kubeconfig)}
    refused = verify("aaa-api", "production", target, **kubeconfig)
    assert refused.exit_code == 3
    assert f"label namespace default {ALLOW_LABEL}=true" in refused.errors
    assert not namespaces(cluster, "gate-aaa-api-production-")

    cluster.kubectl("label", "namespace", "default", f"{ALLOW_LABEL}=true")
    try:
        allowed = verify("aaa-api", "production", target, *OFTEN, *quick, **kubeconfig)
    finally:
        cluster.kubectl("label", "namespace", "default", f"{ALLOW_LABEL}-")
    assert_passes(allowed, target, SCRAPED)
    assert allowed.verdict["target"]["fit_for_promotion"] is True
    assert not namespaces(cluster, "gate-aaa-api-production-")


def test_a_verdict_from_kind_never_promotes(verify: Callable[..., Run], kind: str, quick: tuple[str, str]) -> None:
    run = verify("archive-tagger", "production", kind, *quick, *OFTEN)
    assert_passes(run, kind, SCRAPED)
    assert run.verdict["promotes"] is False
    assert "Not fit for promotion" in run.output


@pytest.mark.parametrize(
    ("switch", "service", "caught_by", "may_fail_too"),
    [
        (Switch.CRASH, "aaa-api", {"restarts"}, {"alerts-quiet", "server-errors"}),
        # the limit is enforced here: with the worker, or (cgroup v2) the container, that is killed at it goes what it had counted
        (
            Switch.LEAK,
            "aaa-api",
            {"memory", "oom-kills"},
            {
                "worker-series",
                "metrics-contract",
                "restarts",
                "pods-ready",
                "server-errors",
                "alerts-quiet",
                "library-logs",
            },
        ),
        (Switch.FORGET_METRIC, "event-recorder", {"metrics-contract"}, set[str]()),
        (Switch.BAD_LABEL, "archive-tagger", {"forbidden-labels"}, set[str]()),
        (Switch.UNSET_BACKEND, "aaa-api", {"environment"}, set[str]()),
    ],
)
def test_a_switch_fails_the_check_that_looks_for_it(
    switch: Switch,
    service: str,
    caught_by: set[str],
    may_fail_too: set[str],
    verify: Callable[..., Run],
    target: str,
    quick: tuple[str, str],
) -> None:
    switched = ("--set", f"env.standard.REFERENCE_MISBEHAVE={switch}")
    run = verify(service, "staging", target, *switched, *OFTEN, *quick)
    assert caught_by <= run.checks("FAIL") <= caught_by | may_fail_too, run.output + run.errors
    assert run.exit_code == 1
    assert {check["id"] for check in run.verdict["checks"]} == set(run.verdict["required_checks"])
    refused = admission_of(run).refusals
    assert {refusal.about for refusal in refused} == {"check"}
    for check in caught_by:
        assert any(refusal.sentence.startswith(f"{check} is FAIL") for refusal in refused)


def test_an_image_that_the_engine_does_not_have_is_told(
    verify: Callable[..., Run], kind: str, cluster: Cluster
) -> None:
    run = verify("event-recorder", "staging", kind, "--set", "workload.image.repository=never-built")
    assert run.exit_code == 3
    assert "The engine has no image never-built:0.1.0" in run.errors
    assert not (run.reports / "verdict.json").exists()


@dataclass(frozen=True)
class Started:
    """A gate that runs, and the beginning of its namespace's name, which is no other test's."""

    process: subprocess.Popen[str]
    prefix: str


@pytest.fixture
def start(target: str, reports: Path, cluster: Cluster) -> Iterator[Callable[..., Started]]:
    """Starts a gate that would watch for a minute, and returns when it is at the stage that begins so and has its namespace."""
    gates: list[Started] = []

    def run(stage: str, service: str = "event-recorder") -> Started:
        arguments = command(service, "production", reports, "--target", target, "--window", "60")
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        gate = Started(process, f"gate-{service}-production-")
        gates.append(gate)
        assert process.stdout is not None
        assert any(stage in line for line in process.stdout)

        def created() -> None:
            if not namespaces(cluster, gate.prefix):
                raise Waiting("there is none")

        eventually(created, "the gate's namespace", deadline=60, every=0.05)
        return gate

    yield run
    for gate in gates:
        gate.process.kill()
        gate.process.communicate()
        for name in namespaces(cluster, gate.prefix):
            request_deletion(cluster, name)


def helpers_of(prefix: str) -> list[str]:
    """Command lines of processes on this host that have to do with the gate's namespace."""
    lines = [" ".join(p.info["cmdline"] or ()) for p in psutil.process_iter(["cmdline"])]
    return [line for line in lines if f"--namespace {prefix}" in line]


@pytest.mark.xdist_group("gate_interrupt")
@pytest.mark.parametrize(("number", "stage"), [(signal.SIGTERM, "starting"), (signal.SIGINT, "watching")])
def test_an_interrupted_gate_leaves_no_namespace(
    number: signal.Signals, stage: str, start: Callable[..., Started], reports: Path, cluster: Cluster
) -> None:
    gate = start(stage)
    gate.process.send_signal(number)
    gate.process.send_signal(number)  # a second one must not stop the cleaning
    _, errors = gate.process.communicate(timeout=120)
    assert gate.process.returncode == 130, errors
    assert "all that the gate started for event-recorder is stopped and gone" in errors
    assert "Traceback" not in errors
    assert not namespaces(cluster, gate.prefix)
    assert not helpers_of(gate.prefix)
    assert not (reports / "verdict.json").exists()


@pytest.mark.xdist_group("gate_interrupt")
def test_a_killed_gate_leaves_no_process(start: Callable[..., Started], cluster: Cluster) -> None:
    gate = start("sending", "usage-api")
    eventually(lambda: _assert_now(helpers_of(gate.prefix)), "a port-forward", deadline=30)  # the control
    gate.process.kill()
    eventually(lambda: _assert_now(not helpers_of(gate.prefix)), "the port-forward to end", deadline=20)
    assert namespaces(cluster, gate.prefix), "only a gate that lives can delete it; the next one does"


def _assert_now(holds: object) -> None:
    if not holds:
        raise Waiting("not yet")
