"""pytest-helm-charts' own fixtures and functions, on this session's cluster."""

from __future__ import annotations

import os

import pytest
from pytest_helm_charts.clusters import Cluster as TheirCluster
from pytest_helm_charts.k8s.deployment import wait_for_deployments_to_run

from chart_harness.clusters.cluster import Cluster
from chart_harness.clusters.namespaces import Namespace
from chart_harness.fixtures.helm_charts_adapter import kube_config  # noqa: F401 - takes the place of theirs in this module

from .values import values

pytestmark = [pytest.mark.live, pytest.mark.cluster, pytest.mark.xdist_group("helm_charts_adapter")]


def test_their_cluster_is_ours(kube_cluster: TheirCluster, cluster: Cluster) -> None:
    nodes = cluster.kubectl("get", "nodes", "--output=jsonpath={.items[*].metadata.uid}").split()
    assert [node["metadata"]["uid"] for node in kube_cluster.kubectl("get nodes")] == nodes
    assert kube_cluster.kube_config_path != os.environ.get("KUBECONFIG")


def test_their_waits_see_our_release(kube_cluster: TheirCluster, namespace: Namespace) -> None:
    namespace.install("archive-tagger", "staging", overrides=values())
    (found,) = wait_for_deployments_to_run(kube_cluster.kube_client, ["archive-tagger"], namespace.name, timeout_sec=10)
    assert found.obj["status"]["availableReplicas"] == 1
    with pytest.raises(TimeoutError):  # the control
        wait_for_deployments_to_run(kube_cluster.kube_client, ["nobody"], namespace.name, timeout_sec=1)
