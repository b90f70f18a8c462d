"""Pods keep to the restricted pod security standard, and to a read-only root file system with a bounded /tmp.

https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

from __future__ import annotations

from chart_harness.checks.pod_template import Object, containers, pod_templates
from chart_harness.render import Release


def pod_security(release: Release) -> list[str]:
    """What is missing for each pod template and container."""
    problems = []
    templates = list(pod_templates(release))
    for owner, template in templates:
        spec = template["spec"]
        context = spec.get("securityContext", {})
        wanted = {
            "runAsNonRoot must be true": context.get("runAsNonRoot") is True,
            "seccompProfile must be RuntimeDefault": context.get("seccompProfile", {}).get("type") == "RuntimeDefault",
            "automountServiceAccountToken must be false": spec.get("automountServiceAccountToken") is False,
            "the folder /tmp must be an emptyDir with a sizeLimit": _bounded_tmp(spec),
        }
        problems += [f"{owner}: {sentence}." for sentence, holds in wanted.items() if not holds]
        for container in containers(template):
            own = container.get("securityContext", {})
            wanted = {
                "allowPrivilegeEscalation must be false": own.get("allowPrivilegeEscalation") is False,
                "capabilities must drop ALL": "ALL" in own.get("capabilities", {}).get("drop", ()),
                "capabilities must add nothing": not own.get("capabilities", {}).get("add"),
                "readOnlyRootFilesystem must be true": own.get("readOnlyRootFilesystem") is True,
                "privileged must not be set": not own.get("privileged"),
                "runAsNonRoot must not be turned off": own.get("runAsNonRoot", True) is True,
            }
            where = f"{owner}, container {container['name']}"
            problems += [f"{where}: {sentence}." for sentence, holds in wanted.items() if not holds]
    accounts = [
        item for item in release.of_kind("ServiceAccount") if item.get("automountServiceAccountToken") is not False
    ]
    problems += [f"ServiceAccount {item['metadata']['name']} must not mount its token." for item in accounts]
    return problems if templates else ["The release runs no pods."]


def _bounded_tmp(spec: Object) -> bool:
    bounded = {volume["name"] for volume in spec.get("volumes", ()) if volume.get("emptyDir", {}).get("sizeLimit")}
    return all(
        any(mount["mountPath"] == "/tmp" and mount["name"] in bounded for mount in container.get("volumeMounts", ()))  # noqa: S108
        for container in containers({"spec": spec})
    )
