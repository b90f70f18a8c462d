"""When a rollout is finished, and whose complaints count."""

from __future__ import annotations

from typing import Any

import pytest

from chart_harness.clusters.rollout import REVISION, complaints, unfinished


def deployment(status: dict[str, Any] | None = None, *, observed: int = 2, revision: str = "2") -> dict[str, Any]:
    return {
        "kind": "Deployment",
        "metadata": {"name": "api", "uid": "d", "generation": 2, "annotations": {REVISION: revision}},
        "spec": {"replicas": 2},
        "status": {"observedGeneration": observed, **(status or {})},
    }


DONE = {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (deployment(DONE), None),
        (deployment(DONE, observed=1), "deployment api has not been looked at by its controller yet"),
        ({**deployment(), "status": {}}, "deployment api has not been looked at by its controller yet"),
        (deployment(), "deployment api has 0 of 2 pods up to date"),
        (deployment({**DONE, "updatedReplicas": 1}), "deployment api has 1 of 2 pods up to date"),
        (deployment({**DONE, "availableReplicas": 1}), "deployment api has 1 of 2 pods available"),
        (deployment({**DONE, "replicas": 3}), "deployment api still has 1 pods of an earlier revision"),
    ],
)
def test_a_rollout_is_finished_when_only_available_new_pods_are_left(item: dict[str, Any], reason: str | None) -> None:
    assert unfinished(item) == reason


def replica_set(name: str, revision: str, owner: str = "d") -> dict[str, Any]:
    return {
        "kind": "ReplicaSet",
        "metadata": {
            "name": name,
            "uid": f"uid-{name}",
            "annotations": {REVISION: revision},
            "ownerReferences": [{"uid": owner}],
        },
    }


def broken_pod(owner: str) -> dict[str, Any]:
    status = {"name": "app", "ready": False, "restartCount": 0, "state": {"waiting": {"reason": "ImagePullBackOff"}}}
    return {
        "metadata": {"name": f"{owner}-pod", "ownerReferences": [{"uid": f"uid-{owner}"}]},
        "status": {"containerStatuses": [status]},
    }


SETS = [replica_set("old", "1"), replica_set("new", "2"), replica_set("stranger", "2", owner="other")]


def test_a_broken_pod_of_the_newest_revision_counts() -> None:
    assert [str(item) for item in complaints(deployment(), SETS, [broken_pod("new")])] == [
        "Pod new-pod, container app: ImagePullBackOff"
    ]


@pytest.mark.parametrize("owner", ["old", "stranger"])
def test_a_broken_pod_of_an_earlier_revision_or_another_deployment_does_not(owner: str) -> None:
    assert list(complaints(deployment(), SETS, [broken_pod(owner)])) == []


def test_nothing_counts_before_the_controller_has_seen_the_change() -> None:
    assert list(complaints(deployment(observed=1, revision="1"), SETS, [broken_pod("old")])) == []


def test_the_newest_replica_set_and_the_deployment_speak_for_pods_that_do_not_exist() -> None:
    refused = {"conditions": [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "no"}]}
    new = {**replica_set("new", "2"), "status": refused}
    assert [str(item) for item in complaints(deployment(refused), [new], [])] == [
        "ReplicaSet new: FailedCreate (no)",
        "Deployment api: FailedCreate (no)",
    ]
