"""An upgrade from the base values to the otel backend, under requests that never stop."""

from __future__ import annotations

import pytest

from chart_harness.clusters.install import Installed
from chart_harness.clusters.namespaces import Namespace
from chart_harness.clusters.objects import POD
from chart_harness.clusters.probes import environment_of, pods_of, restarts
from chart_harness.clusters.waits import Waiting, wait_for
from chart_harness.clusters.watching import Snapshot
from chart_harness.fixtures.clusters import CallerFactory

from .traffic import keep_asking
from .values import CALLER, PORT, values

pytestmark = [pytest.mark.live, pytest.mark.cluster, pytest.mark.xdist_group("upgrade")]


def test_no_request_fails_from_the_base_values_to_otel_and_back(namespace: Namespace, caller: CallerFactory) -> None:
    host = f"aaa-api.{namespace.name}"
    client = caller(namespace.name, service=CALLER)
    before = namespace.install("aaa-api", "production", overrides=values())
    assert backends(before) == {"prometheus"}
    with keep_asking(client, host, PORT) as requests:
        requests.line()
        old = {pod.name for pod in pods_of(before)}
        after = namespace.install("aaa-api", "staging", overrides=values())
        assert backends(after) == {"otel"}
        until_gone(namespace, old)
        answers = requests.answers()
    assert answers.failed == {}
    assert answers.good > 50
    assert (after.revision, restarts(after)) == (before.revision + 1, 0)

    # the control: the same requests, of a service that is not there for a moment
    with keep_asking(client, host, PORT) as requests:
        requests.line()
        serving = {pod.name for pod in pods_of(after)}
        namespace.kubectl("scale", "deployment", "aaa-api", "--replicas=0")
        until_gone(namespace, serving)
        answers = requests.answers()
    assert answers.failed


def backends(release: Installed) -> set[str]:
    """PROMETHEUS_BACKEND of every process of the release's pods."""
    return {
        process.environment.get("PROMETHEUS_BACKEND", "") for pod in pods_of(release) for process in environment_of(pod)
    }


def until_gone(namespace: Namespace, names: set[str]) -> None:
    """Waits until none of these pods is left: one that is being deleted still has requests to answer."""

    def gone(state: Snapshot) -> None:
        if left := names & {str(pod["metadata"]["name"]) for pod in state[POD]}:
            raise Waiting(f"{sorted(left)} are still there")

    wait_for(gone, "the old pods to go", cluster=namespace.cluster, namespace=namespace.name, deadline=60)
