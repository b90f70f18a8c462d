"""What kind is told depends on the host and on the node's image, and on nothing else."""

from __future__ import annotations

from typing import Any

import yaml

from chart_harness.clusters.node_configuration import COREDNS_LABEL, configuration


def patches(text: str) -> dict[str, Any]:
    return {patch["kind"]: patch for patch in map(yaml.safe_load, yaml.safe_load(text)["kubeadmConfigPatches"])}


def test_an_ordinary_host_with_a_pulled_image_changes_only_how_often_the_kubelet_looks() -> None:
    text = configuration(lacks_capabilities=False, node_labels={})
    assert patches(text) == {"KubeletConfiguration": {"kind": "KubeletConfiguration", "syncFrequency": "2s"}}


def test_a_host_without_every_capability_runs_its_kubelet_as_in_a_user_namespace() -> None:
    text = configuration(lacks_capabilities=True, node_labels={})
    assert patches(text)["KubeletConfiguration"]["featureGates"] == {"KubeletInUserNamespace": True}


def test_a_built_node_says_which_coredns_it_brings() -> None:
    text = configuration(lacks_capabilities=False, node_labels={COREDNS_LABEL: "v1.14.6", "other": "x"})
    dns = {"imageRepository": "registry.k8s.io/coredns", "imageTag": "v1.14.6"}
    assert patches(text)["ClusterConfiguration"] == {"kind": "ClusterConfiguration", "dns": dns}


def test_the_network_plugin_is_left_to_us() -> None:
    content = yaml.safe_load(configuration(lacks_capabilities=False, node_labels={}))
    assert content["networking"]["disableDefaultCNI"] is True
    assert [node["role"] for node in content["nodes"]] == ["control-plane"]
