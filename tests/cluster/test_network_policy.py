"""The chart's NetworkPolicy in force: whom it lets in, whom not, and that it is the policy that decides."""

from __future__ import annotations

import json

import pytest

from chart_harness.clusters.cluster import ClusterError
from chart_harness.clusters.install import Installed
from chart_harness.clusters.namespaces import Namespace
from chart_harness.clusters.pods import Pod, pods
from chart_harness.clusters.probes import pods_of, reachable
from chart_harness.clusters.prometheus import Prometheus
from chart_harness.clusters.waits import Waiting, eventually
from chart_harness.fixtures.clusters import CallerFactory

from .scraping import until_scraped
from .values import CALLER, PORT, SCRAPED_OFTEN, values

pytestmark = [pytest.mark.live, pytest.mark.cluster, pytest.mark.xdist_group("network_policy")]

ENFORCED_SECONDS = 20
PROMETHEUS_PORT, OTLP_PORT = 9090, 4318


def test_the_policy_lets_in_prometheus_and_the_named_caller_and_nobody_else(
    namespace: Namespace, caller: CallerFactory, prometheus: Prometheus
) -> None:
    neighbour, named = caller(namespace.name), caller(namespace.name, service=CALLER)

    # the control: without a policy everyone gets in
    release = install(namespace, policy=False)
    assert reachable(neighbour, api(release), PORT)
    assert reachable(named, api(release), PORT)
    until_scraped(prometheus, release)

    release = install(namespace, policy=True)
    until_reachable(neighbour, api(release), expected=False)
    assert reachable(named, api(release), PORT)
    until_scraped(prometheus, release)

    # a policy that names another Prometheus keeps this one out: it is the peer that lets it in
    labels = "/spec/ingress/0/from/0/podSelector/matchLabels"
    wrong_peer = [{"op": "replace", "path": labels, "value": {"app.kubernetes.io/name": "nobody"}}]
    namespace.kubectl("patch", "networkpolicy", "aaa-api", "--type=json", f"--patch={json.dumps(wrong_peer)}")
    until_scraped(prometheus, release, "down")
    assert reachable(named, api(release), PORT)

    # and without it everyone gets in again: nothing else kept the neighbour out
    namespace.kubectl("delete", "networkpolicy", "aaa-api")
    until_reachable(neighbour, api(release), expected=True)
    until_scraped(prometheus, release)


def test_a_runner_reaches_the_collector_and_nobody_else(namespace: Namespace) -> None:
    release = namespace.install("archive-tagger", "staging", overrides=values())
    (runner,) = pods_of(release)
    (collector,) = pods(namespace.cluster, "monitoring", "app.kubernetes.io/name=opentelemetry-collector")
    (other,) = pods(namespace.cluster, "monitoring", "app.kubernetes.io/name=prometheus")
    until_reachable(runner, other, expected=False, port=PROMETHEUS_PORT)
    assert reachable(runner, collector, OTLP_PORT)

    # the control: it is the policy that keeps it from there
    namespace.kubectl("delete", "networkpolicy", "archive-tagger")
    until_reachable(runner, other, expected=True, port=PROMETHEUS_PORT)

    # and a pod that has nothing to try it with does not count as one that cannot
    with pytest.raises(ClusterError, match="python3"):
        reachable(other, runner, PROMETHEUS_PORT)


def install(namespace: Namespace, *, policy: bool) -> Installed:
    wanted = {"metrics": {"networkPolicy": {"enabled": policy}}, "workload": {"replicas": 1}}
    return namespace.install("aaa-api", "production", overrides=values(SCRAPED_OFTEN, wanted))


def api(release: Installed) -> Pod:
    (pod,) = pods_of(release)
    return pod


def until_reachable(source: Pod, target: Pod, *, expected: bool, port: int = PORT) -> None:
    """A policy is in force some moments after the API server has it."""

    def as_expected() -> None:
        if reachable(source, target, port) != expected:
            raise Waiting("it can still be reached" if not expected else "it cannot be reached")

    what = f"port {port} of {target.name} to be {'reachable' if expected else 'out of reach'} for {source.name}"
    eventually(as_expected, what, deadline=ENFORCED_SECONDS)
