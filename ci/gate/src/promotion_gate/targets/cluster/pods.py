"""A pod of the API as the checks see it: pure functions from the object to its state, its facts and what runs in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chart_harness.clusters.complaints import OOM_KILLED, pod_complaint
from promotion_gate.evidence import PodState
from promotion_gate.workload import CONTAINER

Object = Mapping[str, Any]

_DEFAULT_REGISTRY = "docker.io"
_OFFICIAL = "library"
_SHA256 = re.compile(r"sha256:[0-9a-f]{64}$")
_KILLED = 137
"""The exit code after SIGKILL."""


def pod_state(pod: Object, declared: str) -> PodState:
    """The state of a pod whose chart names the image `declared`."""
    status, container = pod.get("status") or {}, container_status(pod)
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions") or ())
    return PodState(
        name=pod["metadata"]["name"],
        phase=str(status.get("phase", "Unknown")),
        ready=ready and not pod["metadata"].get("deletionTimestamp"),
        restarts=int(container.get("restartCount", 0)),
        image=_image(container, declared),
        reason=_reason(pod, container, ready=ready),
        facts=_facts(pod),
        image_digest=image_digest(str(container.get("imageID", ""))),
        created_at=datetime.fromisoformat(created) if (created := pod["metadata"].get("creationTimestamp")) else None,
    )


def container_status(pod: Object) -> Object:
    """What the kubelet says of the container that is judged; empty before it says anything."""
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    found: Object = next((status for status in statuses if status["name"] == CONTAINER), {})
    return found


def running_container(pod: Object) -> str:
    """The id of the container that runs now, another one after each restart; empty if none does."""
    container = container_status(pod)
    return str(container.get("containerID", "")) if "running" in (container.get("state") or {}) else ""


def out_of_memory_ends(pod: Object) -> list[str]:
    """The ids of the pod's containers that ended for want of memory, as far as the kubelet remembers: this one and the one before."""
    container = container_status(pod)
    ends = [(container.get(key) or {}).get("terminated") or {} for key in ("state", "lastState")]
    return [str(end.get("containerID", "")) for end in ends if end.get("reason") == OOM_KILLED]


def was_out_of_memory(pod: Object) -> bool | None:
    """Whether the kernel ended the container, now or the last time, because it had reached its memory limit.

    None if it was killed and the runtime does not say why: it hears of the kill and of its reason on two ways, and the reason may
    come too late.
    """
    container = container_status(pod)
    ends = [(container.get(key) or {}).get("terminated") or {} for key in ("state", "lastState")]
    if any(end.get("reason") == OOM_KILLED for end in ends):
        return True
    return None if any(end.get("exitCode") == _KILLED for end in ends) else False


def image_digest(image_id: str) -> str:
    """`sha256:…` in what the runtime calls an image: its name with the digest in its registry, or, of one that was loaded into the
    node without a registry, the digest of its configuration. Empty if there is none.
    """
    found = _SHA256.search(image_id)
    return found[0] if found else ""


def _image(container: Object, declared: str) -> str:
    """The image that the runtime resolved: as the chart spells it if it is the same, else in full; empty if there is none.

    While a container waits for its image, its status only repeats what was asked for, and has no image id.
    """
    if not container.get("imageID"):
        return ""
    resolved, name, digest = str(container["image"]), *_digest(declared)
    same = _digest(str(container["imageID"]))[1] == digest if digest else in_full(resolved) == in_full(name)
    return declared if same else resolved


def _digest(reference: str) -> tuple[str, str]:
    name, _, digest = reference.partition("@")
    return name, digest


def in_full(reference: str) -> str:
    """The reference with the registry, folder and tag that it means where it leaves them out."""
    first, slash, _ = reference.partition("/")
    if not slash:
        reference = f"{_DEFAULT_REGISTRY}/{_OFFICIAL}/{reference}"
    elif not ("." in first or ":" in first or first == "localhost"):
        reference = f"{_DEFAULT_REGISTRY}/{reference}"
    return reference if ":" in reference.rpartition("/")[2] else f"{reference}:latest"


def _reason(pod: Object, container: Object, *, ready: bool) -> str:
    """Why the pod waits or ended, or why its container was started again; empty if there is nothing to say."""
    if complaint := pod_complaint(pod):
        return f"{complaint.reason}: {complaint.message}" if complaint.message else complaint.reason
    last = (container.get("lastState") or {}).get("terminated") or {}
    if last:
        return f"restarted: {last.get('reason', 'ended')}, exit code {last.get('exitCode')}"
    if ready:
        return ""
    for condition in (pod.get("status") or {}).get("conditions") or ():
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return f"{condition.get('reason')}: {condition.get('message')}"
    waiting = (container.get("state") or {}).get("waiting") or {}
    return str(waiting.get("reason") or "not ready: its readiness or startup probe has not succeeded yet")


def _facts(pod: Object) -> Mapping[str, str]:
    """The fields of the pod that the downward API can put into an env var."""
    metadata, spec, status = pod["metadata"], pod.get("spec") or {}, pod.get("status") or {}
    fields = {
        "metadata.name": metadata["name"],
        "metadata.namespace": metadata["namespace"],
        "metadata.uid": metadata["uid"],
        "spec.nodeName": spec.get("nodeName"),
        "spec.serviceAccountName": spec.get("serviceAccountName"),
        "status.podIP": status.get("podIP"),
        "status.podIPs": ",".join(item["ip"] for item in status.get("podIPs") or ()),
        "status.hostIP": status.get("hostIP"),
        "status.hostIPs": ",".join(item["ip"] for item in status.get("hostIPs") or ()),
    }
    for kind in ("labels", "annotations"):
        fields |= {f"metadata.{kind}['{key}']": value for key, value in (metadata.get(kind) or {}).items()}
    return {path: str(value) for path, value in fields.items() if value}
