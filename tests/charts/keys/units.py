"""Rows of the units of a service: aaa-api as web, and a runner beside it."""

from __future__ import annotations

from typing import Any

from tests.charts.keys.row import Row

SHOP: dict[str, Any] = {
    "metrics": {"units": {"run": {"role": "task-runner"}, "web": {}}},
    "workload": {"probes": {"command": ["healthy"]}, "units": {"run": {}, "web": {}}},
}
RUN, WEB = "Deployment/aaa-api-run", "Deployment/aaa-api-web"
APP = "spec.template.spec.containers[0]"


def run(value: Any, where: str, shows: Any) -> Row:
    """A row of the runner."""
    return Row(value, where, shows, given=SHOP, name="run")


def web(value: Any, where: str, shows: Any) -> Row:
    """A row of the unit that is called."""
    return Row(value, where, shows, given=SHOP, name="web")


RENDERS: dict[str, Row] = {
    "metrics.units.*.role": web("task-runner", f"{WEB} env.METRICS_EXCLUDED_HANDLERS", None),
    "metrics.units.*.port": web(9000, "Service/aaa-api-web spec.ports[0].port", 9000),
    "metrics.units.*.portName": web("web", "Service/aaa-api-web spec.ports[0].name", "web"),
    "metrics.units.*.workers": run(7, f"{RUN} env.WEB_CONCURRENCY", "7"),
    "metrics.units.*.subsystem": run("cart", f"{RUN} env.METRICS_SUBSYSTEM", "cart"),
    "workload.units.*.replicas": run(7, f"{RUN} spec.replicas", 7),
    "workload.units.*.command": run(["go"], f"{RUN} {APP}.command[0]", "go"),
    "workload.units.*.args": run(["go"], f"{RUN} {APP}.args[0]", "go"),
    "workload.units.*.extraPorts.*": Row(
        9000,
        f"{RUN} {APP}.ports[0].containerPort",
        9000,
        given={**SHOP, "workload": {"probes": {"command": ["h"]}}},
        name="run",
    ),
    "workload.units.*.probes.command": run(["go"], f"{RUN} {APP}.livenessProbe.exec.command[0]", "go"),
    "workload.units.*.resources.requests.cpu": run("7m", f"{RUN} {APP}.resources.requests.cpu", "7m"),
    "workload.units.*.resources.requests.memory": run("7Mi", f"{RUN} {APP}.resources.requests.memory", "7Mi"),
    "workload.units.*.resources.limits.cpu": run(7, f"{RUN} {APP}.resources.limits.cpu", 7),
    "workload.units.*.resources.limits.memory": run("7Gi", f"{RUN} {APP}.resources.limits.memory", "7Gi"),
}
