"""What `kind create cluster` is told: one node without a network plugin, since Cilium is to be it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

POD_SUBNET = "10.244.0.0/16"
SERVICE_SUBNET = "10.96.0.0/16"
COREDNS_LABEL = "cluster-images.coredns"
"""A label of a node image that was built: the version of CoreDNS inside, where it is not the one that kubeadm asks for."""


def configuration(*, lacks_capabilities: bool, node_labels: Mapping[str, str]) -> str:
    """kind's configuration, as YAML.

    Arguments:
        lacks_capabilities: whether the engine's host cannot give a node every capability.
        node_labels: the labels of the node's image.
    """
    # The kubelet looks once a minute whether a mounted Secret has changed: a new scrape target would wait for that.
    kubelet: dict[str, Any] = {"kind": "KubeletConfiguration", "syncFrequency": "2s"}
    if lacks_capabilities:
        # Without CAP_SYS_RESOURCE the kubelet would stop at settings that it cannot make.
        kubelet["featureGates"] = {"KubeletInUserNamespace": True}
    patches = [kubelet]
    if COREDNS_LABEL in node_labels:
        dns = {"imageRepository": "registry.k8s.io/coredns", "imageTag": node_labels[COREDNS_LABEL]}
        patches.append({"kind": "ClusterConfiguration", "dns": dns})
    return yaml.safe_dump(
        {
            "kind": "Cluster",
            "apiVersion": "kind.x-k8s.io/v1alpha4",
            "networking": {"disableDefaultCNI": True, "podSubnet": POD_SUBNET, "serviceSubnet": SERVICE_SUBNET},
            "nodes": [{"role": "control-plane"}],
            "kubeadmConfigPatches": [yaml.safe_dump(patch) for patch in patches],
        },
        sort_keys=False,
    )
