"""Pods keep to the restricted pod security standard, and to a read-only root file system with a bounded /tmp.

https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

from __future__ import annotations

from collections.abc import Iterator

from chart_harness.checks.pod_template import Object, all_containers, containers, pod_templates
from chart_harness.render import Release

VOLUMES = frozenset({
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret",
})  # fmt: skip
SYSCTLS = frozenset({
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ping_group_range", "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem", "net.ipv4.tcp_syncookies", "net.ipv4.tcp_wmem",
})  # fmt: skip
_SELINUX = frozenset({"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"})


def pod_security(release: Release) -> list[str]:
    """What is missing for each pod template and container."""
    problems = []
    templates = list(pod_templates(release))
    for owner, template in templates:
        problems += [f"{owner}: {sentence}." for sentence in _of_pod(template["spec"])]
        for container in all_containers(template):
            where = f"{owner}, container {container['name']}"
            problems += [f"{where}: {sentence}." for sentence in _of_container(container)]
    accounts = [
        item for item in release.of_kind("ServiceAccount") if item.get("automountServiceAccountToken") is not False
    ]
    problems += [f"ServiceAccount {item['metadata']['name']} must not mount its token." for item in accounts]
    return problems if templates else ["The release runs no pods."]


def _of_pod(spec: Object) -> Iterator[str]:
    context = spec.get("securityContext", {})
    if context.get("runAsNonRoot") is not True:
        yield "runAsNonRoot must be true"
    if context.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield "seccompProfile must be RuntimeDefault"
    if spec.get("automountServiceAccountToken") is not False:
        yield "automountServiceAccountToken must be false"
    if not _bounded_tmp(spec):
        yield "the folder /tmp must be an emptyDir with a sizeLimit"
    for name in ("hostIPC", "hostNetwork", "hostPID"):
        if spec.get(name):
            yield f"{name} must not be set"
    for volume in spec.get("volumes", ()):
        kinds = set(volume) - {"name"}
        yield from (f"volume {volume['name']} must not be a {kind}" for kind in sorted(kinds - VOLUMES))
    for sysctl in context.get("sysctls", ()):
        if sysctl["name"] not in SYSCTLS:
            yield f"sysctl {sysctl['name']} must not be set"
    yield from _of_either(context)


def _of_container(container: Object) -> Iterator[str]:
    context = container.get("securityContext", {})
    capabilities = context.get("capabilities", {})
    if context.get("allowPrivilegeEscalation") is not False:
        yield "allowPrivilegeEscalation must be false"
    if "ALL" not in capabilities.get("drop", ()):
        yield "capabilities must drop ALL"
    if capabilities.get("add"):
        yield "capabilities must add nothing"
    if context.get("readOnlyRootFilesystem") is not True:
        yield "readOnlyRootFilesystem must be true"
    if context.get("privileged"):
        yield "privileged must not be set"
    if context.get("runAsNonRoot", True) is not True:
        yield "runAsNonRoot must not be turned off"
    if context.get("seccompProfile", {}).get("type", "RuntimeDefault") == "Unconfined":
        yield "seccompProfile must not be turned off"
    if context.get("procMount", "Default") != "Default":
        yield "procMount must be Default"
    for port in container.get("ports", ()):
        if port.get("hostPort"):
            yield f"port {port['containerPort']} must not be a port of the node (hostPort)"
    yield from _of_either(context)


def _of_either(context: Object) -> Iterator[str]:
    """What a pod's and a container's security context must not say alike."""
    if context.get("runAsUser") == 0:
        yield "runAsUser must not be 0"
    if context.get("appArmorProfile", {}).get("type") == "Unconfined":
        yield "appArmorProfile must not be turned off"
    if context.get("windowsOptions", {}).get("hostProcess"):
        yield "hostProcess must not be set"
    selinux = context.get("seLinuxOptions", {})
    if selinux.get("type", "") not in _SELINUX or selinux.get("user") or selinux.get("role"):
        yield "seLinuxOptions must leave user and role out, and type a container's"


def _bounded_tmp(spec: Object) -> bool:
    bounded = {volume["name"] for volume in spec.get("volumes", ()) if volume.get("emptyDir", {}).get("sizeLimit")}
    return all(
        any(mount["mountPath"] == "/tmp" and mount["name"] in bounded for mount in container.get("volumeMounts", ()))  # noqa: S108
        for container in containers({"spec": spec})
    )
