"""Rows of what runs: the block `workload` but for its units."""

from __future__ import annotations

from tests.charts.keys.row import Row

POD = "Deployment spec.template.spec"
APP = f"{POD}.containers[0]"


def probe(name: str) -> dict[str, Row]:
    """The rows of one probe."""
    key, where = f"workload.probes.{name}", f"{APP}.{name}Probe"
    return {
        f"{key}.path": Row("/x", f"{where}.httpGet.path", "/x"),
        f"{key}.periodSeconds": Row(77, f"{where}.periodSeconds", 77),
        f"{key}.timeoutSeconds": Row(77, f"{where}.timeoutSeconds", 77),
        f"{key}.failureThreshold": Row(77, f"{where}.failureThreshold", 77),
    }


RENDERS: dict[str, Row] = {
    "workload.image.repository": Row("shop", f"{APP}.image", "shop:0.1.0"),
    "workload.image.tag": Row("7", f"{APP}.image", "reference-service:7"),
    "workload.image.pullPolicy": Row("Always", f"{APP}.imagePullPolicy", "Always"),
    "workload.replicas": Row(7, "Deployment spec.replicas", 7),
    "workload.command": Row(["go"], f"{APP}.command[0]", "go"),
    "workload.args": Row(["go"], f"{APP}.args[0]", "go"),
    "workload.resources.requests.cpu": Row("7m", f"{APP}.resources.requests.cpu", "7m"),
    "workload.resources.requests.memory": Row("7Mi", f"{APP}.resources.requests.memory", "7Mi"),
    "workload.resources.limits.cpu": Row(7, f"{APP}.resources.limits.cpu", 7),
    "workload.resources.limits.memory": Row("7Gi", f"{APP}.resources.limits.memory", "7Gi"),
    "workload.extraPorts.*": Row(9000, f"{APP}.ports[1].containerPort", 9000),
    "workload.preStopSeconds": Row(7, f"{APP}.lifecycle.preStop.sleep.seconds", 7),
    "workload.terminationGracePeriodSeconds": Row(77, f"{POD}.terminationGracePeriodSeconds", 77),
    "workload.tmp.sizeLimit": Row("7Mi", f"{POD}.volumes[0].emptyDir.sizeLimit", "7Mi"),
    "workload.probes.command": Row(["go"], f"{APP}.livenessProbe.exec.command[0]", "go", service="event-recorder"),
    **probe("readiness"),
    **probe("startup"),
    **probe("liveness"),
}
