"""The Go modules that binaries come from, each pinned by the go.mod and go.sum in its folder."""

from __future__ import annotations

from cluster_images.go_modules import GO_FOLDER, GoModule

_TOOLCHAIN = GO_FOLDER.parents[1] / "toolchain"
_PLUGINS = "github.com/containernetworking/plugins/plugins"

KUBERNETES = GoModule(
    name="kubernetes",
    requires="k8s.io/kubernetes",
    version="v1.34.4",
    programs={
        name: f"k8s.io/kubernetes/cmd/{name}"
        for name in (
            "kube-apiserver",
            "kube-controller-manager",
            "kube-proxy",
            "kube-scheduler",
            "kubeadm",
            "kubectl",
            "kubelet",
        )
    },
    variables={
        f"k8s.io/{package}.{variable}": value
        for package in ("component-base/version", "client-go/pkg/version")
        for variable, value in (("gitVersion", "v1.34.4"), ("gitMajor", "1"), ("gitMinor", "34"))
    },
)
ETCD = GoModule(
    name="etcd",
    requires="go.etcd.io/etcd/server/v3",
    version="v3.6.5",
    programs={"etcd": "go.etcd.io/etcd/server/v3"},
)
COREDNS = GoModule(
    name="coredns",
    requires="github.com/coredns/coredns",
    version="v1.14.6",
    programs={"coredns": "github.com/coredns/coredns"},
)
CNI_PLUGINS = GoModule(
    name="cni-plugins",
    requires="github.com/containernetworking/plugins",
    version="v1.9.1",
    programs={
        path.split("/")[1]: f"{_PLUGINS}/{path}"
        for path in ("ipam/host-local", "main/bridge", "main/loopback", "main/ptp", "meta/portmap")
    },
)
CILIUM = GoModule(
    name="cilium",
    requires="github.com/cilium/cilium",
    version="v1.15.19",
    programs={
        "cilium-agent": "github.com/cilium/cilium/daemon",
        "cilium-cni": "github.com/cilium/cilium/plugins/cilium-cni",
        "cilium-operator-generic": "github.com/cilium/cilium/operator",
    },
    variables={"github.com/cilium/cilium/pkg/version.ciliumVersion": "1.15.19"},
    tags="ipam_provider_operator",
)
PROMETHEUS_OPERATOR = GoModule(
    name="prometheus-operator",
    requires="github.com/prometheus-operator/prometheus-operator",
    version="v0.85.0",
    programs={
        "operator": "github.com/prometheus-operator/prometheus-operator/cmd/operator",
        "prometheus-config-reloader": "github.com/prometheus-operator/prometheus-operator/cmd/prometheus-config-reloader",
    },
    variables={"github.com/prometheus/common/version.Version": "0.85.0"},
)
PROMETHEUS = GoModule(
    name="prometheus",
    requires="github.com/prometheus/prometheus",
    version="v0.314.0",
    programs={name: f"github.com/prometheus/prometheus/cmd/{name}" for name in ("prometheus", "promtool")},
    variables={"github.com/prometheus/common/version.Version": "3.14.0"},
    tags="remove_all_sd,enable_kubernetes_sd",
)
METRICS_SERVER = GoModule(
    name="metrics-server",
    requires="sigs.k8s.io/metrics-server",
    version="v0.9.0",
    programs={"metrics-server": "sigs.k8s.io/metrics-server/cmd/metrics-server"},
    variables={"k8s.io/client-go/pkg/version.gitVersion": "v0.9.0"},
)
COLLECTOR = GoModule(
    name="collector",
    requires="go.opentelemetry.io/collector/otelcol",
    version="v0.160.0",
    programs={"otelcol-contrib": "."},
    variables={"main.version": "0.160.0"},
)

PAUSE = GoModule(
    name="pause",
    requires="images/pause",
    version="(devel)",  # its source is the folder itself
    programs={"pause": "."},
)

HELM = GoModule(
    name="helm",
    requires="helm.sh/helm/v4",
    version="v4.3.1",
    programs={"helm": "helm.sh/helm/v4/cmd/helm"},
    variables={"helm.sh/helm/v4/internal/version.version": "v4.3.1"},
    folder=_TOOLCHAIN / "helm",
)
HELM_3 = GoModule(
    name="helm3",
    requires="helm.sh/helm/v3",
    version="v3.22.0",
    programs={"helm3": "helm.sh/helm/v3/cmd/helm"},
    variables={"helm.sh/helm/v3/internal/version.version": "v3.22.0"},
    folder=_TOOLCHAIN / "helm3",
)
KIND = GoModule(
    name="kind",
    requires="sigs.k8s.io/kind",
    version="v0.33.0",
    programs={"kind": "sigs.k8s.io/kind"},
    folder=_TOOLCHAIN / "kind",
)
RENDERER = GoModule(
    name="renderer",
    requires="helm.sh/helm/v4",  # the source is the folder; what it renders is what this version renders
    version="v4.3.1",
    programs={"renderer": "."},
    variables={"helm.sh/helm/v4/internal/version.version": "v4.3.1"},
    folder=_TOOLCHAIN / "renderer",
)
REACHABILITY = GoModule(
    name="reachability",
    requires="github.com/mattfenwick/cyclonus",  # likewise: it computes what this version computes
    version="v0.5.6",
    programs={"reachability": "."},
    folder=_TOOLCHAIN / "reachability",
)
