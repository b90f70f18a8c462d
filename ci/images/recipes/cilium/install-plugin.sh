#!/bin/sh
# Puts the CNI plugin on the node, whose /opt/cni/bin is mounted at /host/opt/cni/bin; by a rename, as the kubelet may run it now.
set -eu
cp /opt/cni/bin/cilium-cni /host/opt/cni/bin/.cilium-cni.new
mv /host/opt/cni/bin/.cilium-cni.new /host/opt/cni/bin/cilium-cni
