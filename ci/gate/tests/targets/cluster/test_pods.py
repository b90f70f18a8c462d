"""A pod of the API as the checks see it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from promotion_gate.targets.cluster.pods import pod_state, running_container, was_out_of_memory

DIGEST = "sha256:" + "a" * 64
RUNNING: dict[str, Any] = {
    "name": "app",
    "image": "docker.io/library/reference-service:0.1.0",
    "imageID": DIGEST,
    "containerID": "containerd://1",
    "ready": True,
    "restartCount": 0,
    "state": {"running": {"startedAt": "2026-11-21T12:00:00Z"}},
}


def pod(container: dict[str, Any] | None = None, *, ready: bool = True, phase: str = "Running", **metadata: Any) -> Any:
    """A pod with one container of that status."""
    return {
        "metadata": {"name": "demo-1", "namespace": "gate-demo", "uid": "u1", **metadata},
        "spec": {"nodeName": "node-1", "serviceAccountName": "demo"},
        "status": {
            "phase": phase,
            "podIP": "10.0.0.7",
            "hostIP": "172.18.0.2",
            "podIPs": [{"ip": "10.0.0.7"}, {"ip": "fd00::7"}],
            "conditions": [{"type": "Ready", "status": str(ready)}],
            "containerStatuses": [{**RUNNING, "ready": ready, **(container or {})}],
        },
    }


def test_a_pod_that_is_well() -> None:
    state = pod_state(pod(), "reference-service:0.1.0")
    assert (state.name, state.phase, state.ready, state.restarts) == ("demo-1", "Running", True, 0)
    assert (state.image, state.reason) == ("reference-service:0.1.0", "")
    assert running_container(pod()) == "containerd://1"
    assert state.created_at is None
    aged = pod_state(pod(creationTimestamp="2026-11-21T11:59:50Z"), "reference-service:0.1.0")
    assert aged.created_at == datetime(2026, 11, 21, 11, 59, 50, tzinfo=UTC)


def test_the_facts_are_those_of_the_downward_api() -> None:
    facts = pod_state(pod(labels={"app.kubernetes.io/name": "demo"}, annotations={"a/b": "c"}), "x").facts
    assert facts == {
        "metadata.name": "demo-1",
        "metadata.namespace": "gate-demo",
        "metadata.uid": "u1",
        "metadata.labels['app.kubernetes.io/name']": "demo",
        "metadata.annotations['a/b']": "c",
        "spec.nodeName": "node-1",
        "spec.serviceAccountName": "demo",
        "status.podIP": "10.0.0.7",
        "status.podIPs": "10.0.0.7,fd00::7",
        "status.hostIP": "172.18.0.2",
    }


@pytest.mark.parametrize(
    ("declared", "resolved"),
    [
        ("reference-service:0.1.0", "docker.io/library/reference-service:0.1.0"),
        ("reference-service", "docker.io/library/reference-service:latest"),
        ("team/service:1", "docker.io/team/service:1"),
        ("registry.example/team/service:1", "registry.example/team/service:1"),
        ("localhost/service:1", "localhost/service:1"),
        ("registry:5000/service", "registry:5000/service:latest"),
        ("docker.io/library/service:1", "docker.io/library/service:1"),
    ],
)
def test_the_same_image_reads_as_the_chart_spells_it(declared: str, resolved: str) -> None:
    assert pod_state(pod({"image": resolved}), declared).image == declared


@pytest.mark.parametrize(
    ("declared", "resolved"),
    [
        ("reference-service:0.1.0", "docker.io/library/reference-service:0.1.1"),
        ("service:1", "docker.io/team/service:1"),
        ("service:1", "registry.example/service:1"),
        ("service:1", DIGEST),
        (f"service:1@sha256:{'b' * 64}", "docker.io/library/service:1"),
    ],
)
def test_another_image_reads_in_full(declared: str, resolved: str) -> None:
    assert pod_state(pod({"image": resolved}), declared).image == resolved


def test_an_image_named_by_digest_is_known_by_it() -> None:
    declared = f"registry.example/service:1@{DIGEST}"
    container = {"image": "registry.example/service:1", "imageID": f"registry.example/service@{DIGEST}"}
    assert pod_state(pod(container), declared).image == declared


@pytest.mark.parametrize(
    ("image_id", "digest"),
    [
        (DIGEST, DIGEST),  # as kind loads it: the digest of its configuration
        (f"registry.example/team/service@{DIGEST}", DIGEST),
        (f"docker-pullable://registry:5000/service@{DIGEST}", DIGEST),
        (f"docker.io/library/import-2026-11-26@{DIGEST}", DIGEST),
        ("registry.example/service:1", ""),
        ("sha256:abc", ""),
        ("", ""),
    ],
)
def test_the_digest_of_the_image_that_runs(image_id: str, digest: str) -> None:
    assert pod_state(pod({"imageID": image_id}), "x").image_digest == digest


def test_a_container_that_waits_for_its_image_runs_none() -> None:
    waiting = {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}
    state = pod_state(
        pod({"imageID": "", "state": {"waiting": waiting}}, ready=False, phase="Pending"), "reference-service:0.1.0"
    )
    assert state.image == ""
    assert (state.phase, state.ready) == ("Pending", False)
    assert state.reason == "ImagePullBackOff: Back-off pulling image"


CRASHED = {"terminated": {"reason": "Error", "exitCode": 1}}
KILLED = {"terminated": {"reason": "OOMKilled", "exitCode": 137}}


@pytest.mark.parametrize(
    ("container", "ready", "reason"),
    [
        (
            {"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": CRASHED},
            False,
            "CrashLoopBackOff: its last",
        ),
        ({"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": KILLED}, False, "OOMKilled: it took more"),
        (
            {"state": {"waiting": {"reason": "CreateContainerConfigError", "message": 'secret "s" not found'}}},
            False,
            'secret "s"',
        ),
        ({"restartCount": 1, "lastState": CRASHED}, True, "restarted: Error, exit code 1"),
        ({"restartCount": 1, "lastState": KILLED}, True, "restarted: OOMKilled, exit code 137"),
        ({"state": {"waiting": {"reason": "ContainerCreating"}}}, False, "ContainerCreating"),
        ({}, False, "not ready: its readiness or startup probe"),
    ],
)
def test_what_a_pod_waits_for_or_why_it_ended_is_told(container: dict[str, Any], ready: bool, reason: str) -> None:
    state = pod_state(pod(container, ready=ready), "x")
    assert reason in state.reason
    assert state.restarts == container.get("restartCount", 0)


def test_a_pod_that_no_node_takes() -> None:
    unscheduled = pod(ready=False, phase="Pending")
    del unscheduled["status"]["containerStatuses"]
    unscheduled["status"]["conditions"] = [
        {
            "type": "PodScheduled",
            "status": "False",
            "reason": "Unschedulable",
            "message": "0/1 nodes: Insufficient memory",
        }
    ]
    state = pod_state(unscheduled, "x")
    assert state.reason == "Unschedulable: 0/1 nodes: Insufficient memory"
    assert (state.restarts, state.image, running_container(unscheduled)) == (0, "", "")


def test_a_pod_that_is_being_deleted_is_not_ready() -> None:
    assert not pod_state(pod(deletionTimestamp="2026-11-21T12:00:00Z"), "x").ready


def test_a_pod_that_has_only_just_been_made() -> None:
    state = pod_state({"metadata": {"name": "demo-1", "namespace": "n", "uid": "u"}}, "x")
    assert (state.phase, state.ready) == ("Unknown", False)


@pytest.mark.parametrize(
    ("container", "out_of_memory"),
    [
        ({}, False),
        ({"lastState": CRASHED}, False),
        ({"lastState": KILLED}, True),
        ({"state": KILLED}, True),
        ({"state": CRASHED, "lastState": KILLED}, True),
        # the runtime heard of the end before it heard of its reason
        ({"lastState": {"terminated": {"reason": "Error", "exitCode": 137}}}, None),
        ({"state": KILLED, "lastState": {"terminated": {"reason": "Error", "exitCode": 137}}}, True),
    ],
)
def test_whether_it_was_out_of_memory_may_not_be_known(container: dict[str, Any], out_of_memory: bool | None) -> None:
    assert was_out_of_memory(pod(container)) is out_of_memory
