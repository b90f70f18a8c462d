"""A release that cannot work: the wait for it ends at once and says why, and what ran before goes on running."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from chart_harness.clusters.cluster import Cluster
from chart_harness.clusters.namespaces import Namespace
from chart_harness.clusters.probes import environment_of, pods_of, restarts
from chart_harness.clusters.waits import WaitTimeout, WorkloadFailed, until_ready
from chart_harness.fixtures.clusters import CallerFactory

from .traffic import ask
from .values import CALLER, PORT, values, variables

pytestmark = [pytest.mark.live, pytest.mark.cluster, pytest.mark.xdist_group("failed_rollouts")]

SOON_SECONDS = 25
"""Long enough for a process to start and be killed, far from the deadline."""
NO_IMAGE = {
    "workload": {"image": {"repository": "127.0.0.1:1/nobody-serves-this"}}
}  # refused at once, without a name to look up
GREEDY = {
    "workload": {"resources": {"limits": {"memory": "64Mi"}, "requests": {"memory": "64Mi"}}},
    # more than that before it is ready, and not before containerd has begun to listen for it
    **variables(REFERENCE_MISBEHAVE="leak", REFERENCE_LEAK_BYTES=str(8 * 1024**3)),
}
PULL_FAILED = {"ErrImagePull", "ImagePullBackOff"}


@dataclass(frozen=True)
class Broken:
    """Values that break a runner, the reasons that Kubernetes gives, and what the message must hold beside."""

    overrides: Mapping[str, Any]
    reasons: set[str]
    says: str = ""


BROKEN = {
    "an image that nobody has": Broken(NO_IMAGE, PULL_FAILED, "nobody-serves-this"),
    "an image name that is none": Broken({"workload": {"image": {"repository": "UPPER"}}}, {"InvalidImageName"}),
    "a limit that is too small": Broken(GREEDY, {"OOMKilled"}, "exit code 137"),
    "a value that the service refuses": Broken(
        variables(REFERENCE_TASK_INTERVAL="soon"), {"CrashLoopBackOff"}, "REFERENCE_TASK_INTERVAL is 'soon'"
    ),
    "a Secret that is not there": Broken(
        {"metrics": {"otlp": {"headersSecret": {"name": "absent", "key": "headers"}}}},
        {"CreateContainerConfigError"},
        'secret "absent" not found',
    ),
    "more than any node has": Broken(
        {"workload": {"resources": {"requests": {"cpu": "1000"}}}}, {"Unschedulable"}, "Insufficient cpu"
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_the_wait_ends_at_once_and_says_why(namespace: Namespace, case: str) -> None:
    broken = BROKEN[case]
    began = time.monotonic()
    with pytest.raises(WorkloadFailed) as failure:
        namespace.install("archive-tagger", "staging", overrides=values(broken.overrides), deadline=120)
    assert failure.value.complaint.reason in broken.reasons
    assert broken.says in str(failure.value)
    assert time.monotonic() - began < SOON_SECONDS


def test_a_pod_that_pod_security_refuses_is_seen_though_it_never_exists(namespace: Namespace) -> None:
    namespace.apply(privileged_deployment())
    with pytest.raises(WorkloadFailed, match=r'FailedCreate .*violates PodSecurity "restricted'):
        until_ready(Refused(namespace.cluster, namespace.name), deadline=60)


def test_a_service_that_only_never_answers_is_waited_for_until_the_deadline(namespace: Namespace) -> None:
    """The control: not everything that is not ready is a failure."""
    with pytest.raises(WaitTimeout, match="deployment archive-tagger has 0 of 1 pods available"):
        namespace.install(
            "archive-tagger", "staging", overrides=values(variables(REFERENCE_MISBEHAVE="hang")), deadline=8
        )


def test_the_rollout_of_a_broken_image_stops_and_the_old_pods_serve(
    namespace: Namespace, caller: CallerFactory
) -> None:
    good = namespace.install("aaa-api", "production", overrides=values())
    old = [pod.name for pod in pods_of(good)]
    with pytest.raises(WorkloadFailed) as failure:
        namespace.install("aaa-api", "production", overrides=values(NO_IMAGE))
    assert failure.value.complaint.reason in PULL_FAILED
    assert failure.value.complaint.name not in old

    now = pods_of(good)
    assert {pod.name for pod in now if all(status["ready"] for status in pod.statuses)} == set(old)
    assert len(now) == len(old) + 1
    assert ask(caller(namespace.name, service=CALLER), f"aaa-api.{namespace.name}", PORT, times=20).by_kind == {
        "200": 20
    }

    mended = namespace.install("aaa-api", "production", overrides=values())
    assert [pod.name for pod in pods_of(mended)] == old  # the pods that served all along
    assert restarts(mended) == 0


def test_a_secret_reaches_the_process(namespace: Namespace) -> None:
    headers = "authorization=Bearer from-a-secret"
    namespace.apply(
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "otlp"}, "stringData": {"headers": headers}}
    )
    wanted = {"metrics": {"otlp": {"headersSecret": {"name": "otlp", "key": "headers"}}}}
    (pod,) = pods_of(namespace.install("archive-tagger", "staging", overrides=values(wanted)))
    assert [process.environment["OTEL_EXPORTER_OTLP_HEADERS"] for process in environment_of(pod)] == [headers]


@dataclass(frozen=True)
class Refused:
    """The Deployment that `privileged_deployment` describes."""

    cluster: Cluster
    namespace: str
    deployments: tuple[str, ...] = ("privileged",)


def privileged_deployment() -> Mapping[str, Any]:
    labels = {"app.kubernetes.io/name": "privileged"}
    container = {"name": "app", "image": "never-pulled", "securityContext": {"privileged": True}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "privileged"},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }
