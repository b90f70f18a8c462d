"""Every image that a test cluster runs: what manifests call it, where a registry has it, and what it is built from where none answers.

The folder recipes/<name> holds the Dockerfile of a build. Its context is that folder with rootfs.tar (the Debian packages), bin/ (the
programs), sources/ (folders of Go modules) and images/ (archives of other images), as far as the table asks for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cluster_images import modules
from cluster_images.go_modules import GoModule

DEBIAN = "bookworm"


@dataclass(frozen=True)
class Image:
    """An image of the table."""

    name: str
    reference: str
    """What a build is tagged with and manifests name; the version in the tag is the version inside."""
    pulled: str = ""
    """Where a registry has it; empty for what only this checkout can build."""
    debian: tuple[str, ...] = ()
    """Debian packages of its root file system."""
    debian_without: tuple[str, ...] = ()
    """Files of those packages that are left out, as dpkg's patterns."""
    debian_version: Mapping[str, str] = field(default_factory=dict)
    """Upstream version, by package, that the build must have: the one that the tag says."""
    programs: Mapping[str, tuple[GoModule, tuple[str, ...]]] = field(default_factory=dict)
    """Go programs by the folder of the context that they are put in."""
    sources: Mapping[str, tuple[GoModule, str]] = field(default_factory=dict)
    """Folders of a Go module's sources, by their name under sources/."""
    inside: tuple[str, ...] = ()
    """Images that are built in: a cluster's node brings its control plane along."""
    base: str = ""
    """The image of this table that the Dockerfile's BASE_IMAGE is."""
    recipe: str = ""
    """The folder of recipes/ if it is not the name."""

    @property
    def pulled_name(self) -> str:
        """What a pulled image is called in the engine: without the digest that it was pulled by."""
        return self.pulled.partition("@")[0]


def _published(name: str, reference: str, module: GoModule, *programs: str) -> Image:
    return Image(name, reference, pulled=reference, programs={"bin": (module, programs)})


def _control_plane(name: str, reference: str, module: GoModule, debian: tuple[str, ...] = ()) -> Image:
    return Image(
        name,
        reference,
        debian=debian,
        programs={"bin": (module, (name,))},
        recipe="debian-program" if debian else "program",
    )


_ALL = (
    # The node first: it takes longest to build.
    Image(
        name="node",
        reference="kindest/node:v1.34.4",
        # The patch release that kind 0.33.0 was published with; the Go module index ends at 1.34.4.
        pulled="docker.io/kindest/node:v1.34.11@sha256:44e222ee2132dab25ff87301682f89eb82c7880ea3a1bf543bfe9708fd08d67d",
        debian=(
            *("systemd", "systemd-sysv", "containerd", "runc", "ca-certificates", "procps", "mount", "util-linux"),
            *("iptables", "nftables", "conntrack", "ipset", "iproute2", "ethtool", "socat", "ebtables", "kmod"),
        ),
        programs={
            "bin": (modules.KUBERNETES, ("kubeadm", "kubectl", "kubelet")),
            "cni": (modules.CNI_PLUGINS, tuple(modules.CNI_PLUGINS.programs)),
        },
        inside=(
            *("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy"),
            *("etcd", "coredns", "pause"),
        ),
    ),
    _control_plane("kube-apiserver", "registry.k8s.io/kube-apiserver:v1.34.4", modules.KUBERNETES),
    _control_plane("kube-controller-manager", "registry.k8s.io/kube-controller-manager:v1.34.4", modules.KUBERNETES),
    _control_plane("kube-scheduler", "registry.k8s.io/kube-scheduler:v1.34.4", modules.KUBERNETES),
    _control_plane(
        "kube-proxy",
        "registry.k8s.io/kube-proxy:v1.34.4",
        modules.KUBERNETES,
        ("iptables", "conntrack", "ipset", "kmod"),
    ),
    _control_plane("etcd", "registry.k8s.io/etcd:3.6.5-0", modules.ETCD),
    # kubeadm asks for 1.12.1, which the Go module index does not have: the node's label tells kubeadm's configuration.
    Image("coredns", "registry.k8s.io/coredns/coredns:v1.14.6", programs={"bin": (modules.COREDNS, ("coredns",))}),
    Image("pause", "cluster-images/pause:1.0.0", programs={"bin": (modules.PAUSE, ("pause",))}),
    Image(
        name="cilium",
        reference="quay.io/cilium/cilium:v1.15.19",
        pulled="quay.io/cilium/cilium:v1.15.19",
        debian=("clang-16", "bpftool", "iptables", "ipset", "iproute2", "kmod", "ca-certificates", "procps"),
        # The agent compiles for the kernel only; what clang needs for programs would be half of what a node must unpack.
        debian_without=(
            *("/usr/include/*", "/usr/lib/gcc/*", "*.a", "*.o", "/usr/bin/x86_64-linux-gnu-*", "*san.so*"),
            *("*/libclang-16*", "*/libbfd*", "*/libopcodes*", "*/libgprofng*"),
        ),
        programs={"bin": (modules.CILIUM, ("cilium-agent", "cilium-cni"))},
        sources={"bpf": (modules.CILIUM, "bpf")},
    ),
    _published(
        "cilium-operator", "quay.io/cilium/operator-generic:v1.15.19", modules.CILIUM, "cilium-operator-generic"
    ),
    _published("prometheus", "quay.io/prometheus/prometheus:v3.14.0", modules.PROMETHEUS, "prometheus", "promtool"),
    Image(
        name="collector",
        reference="otel/opentelemetry-collector-contrib:0.160.0",
        pulled="docker.io/otel/opentelemetry-collector-contrib:0.160.0",
        programs={"bin": (modules.COLLECTOR, ("otelcol-contrib",))},
    ),
    _published(
        "prometheus-operator",
        "quay.io/prometheus-operator/prometheus-operator:v0.85.0",
        modules.PROMETHEUS_OPERATOR,
        "operator",
    ),
    _published(
        "prometheus-config-reloader",
        "quay.io/prometheus-operator/prometheus-config-reloader:v0.85.0",
        modules.PROMETHEUS_OPERATOR,
        "prometheus-config-reloader",
    ),
    _published(
        "metrics-server",
        "registry.k8s.io/metrics-server/metrics-server:v0.9.0",
        modules.METRICS_SERVER,
        "metrics-server",
    ),
    Image(
        name="alertmanager",
        reference="quay.io/prometheus/alertmanager:v0.25.0",
        pulled="quay.io/prometheus/alertmanager:v0.25.0",
        debian=("prometheus-alertmanager",),
        debian_version={"prometheus-alertmanager": "0.25.0"},
    ),
    Image(
        name="rabbitmq",
        reference="rabbitmq:3.10.8",
        pulled="docker.io/library/rabbitmq:3.10.8",
        debian=("rabbitmq-server",),
        debian_version={"rabbitmq-server": "3.10.8"},
    ),
    Image(
        name="python",
        reference="debian-python:3.11-bookworm",
        pulled="docker.io/library/python:3.12-slim",
        debian=("python3", "python3-venv", "ca-certificates"),
        debian_version={"python3": "3.11"},
    ),
    Image(name="reference-service", reference="reference-service:0.1.0", base="python"),
)

IMAGES: Mapping[str, Image] = {image.name: image for image in _ALL}

_BROUGHT_ALONG = {name for image in _ALL for name in (*image.inside, image.base)}
CLUSTER = tuple(name for name in IMAGES if name not in _BROUGHT_ALONG)
"""What a test cluster needs in the engine; the rest is inside these."""
