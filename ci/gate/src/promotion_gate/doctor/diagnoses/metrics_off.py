"""Metrics are switched off: by the chart, by an env var on its way, or in the service, which then has no page."""

from __future__ import annotations

from promotion_gate.doctor.deviation import Stage, remedy, since
from promotion_gate.doctor.examination import Answer, CannotTell, Diagnosis, Examination
from promotion_gate.doctor.view import View, is_on
from promotion_gate.evidence import Missing

NAMES = ("PROMETHEUS_METRICS_ENABLE", "ENABLE_METRICS")
_NOT_FOUND = 404


def diagnose(view: View) -> Answer:
    """The chart switches them on, every process has it so, and the page is there."""
    if not view.metrics_on:
        return Diagnosis(
            (f"The chart switches them off for {view.environment}: PROMETHEUS_METRICS_ENABLE is false.",),
            "metrics.enabled: true",
            remedy(view, Stage.CHECKOUT),
        )
    if isinstance(view.pods, Missing):
        return CannotTell(view.pods.reason)
    seen, stage = [], Stage.PROCESS
    for pod in view.running:
        for process in () if isinstance(pod.environments, Missing) else pod.environments:
            # the library takes the first of the two that is set
            name = next((name for name in NAMES if process.variables.get(name)), "")
            if name and not is_on(process.variables[name]):
                seen.append(
                    f"process {process.pid} ({process.command}) of {pod.name} has {name}={process.variables[name]}."
                )
                stage = since(view, pod, name, _declared(view, name))
    if seen:
        return Diagnosis(tuple(seen), "PROMETHEUS_METRICS_ENABLE=true in every process", remedy(view, stage))
    gone = [
        f"{pod.name} answers {page.status} on {view.declared.metrics_path}."
        for pod in view.running
        if not isinstance(page := pod.page, Missing) and page.status == _NOT_FOUND
    ]
    if gone:
        return Diagnosis(
            tuple(gone),
            f"the metrics page on port {view.declared.metrics_port}, path {view.declared.metrics_path}",
            "The service listens and has no such route: see that it calls the library's instrument() or publish(), on METRICS_PATH.",
        )
    unread = next((pod.environments for pod in view.running if isinstance(pod.environments, Missing)), None)
    return CannotTell(unread.reason) if unread else _nothing_runs(view)


def _nothing_runs(view: View) -> CannotTell | None:
    return None if view.running else CannotTell("no container runs")


def _declared(view: View, name: str) -> str | None:
    return next((var.value for var in reversed(view.declared.env) if var.name == name), None)


EXAMINATION = Examination("metrics-off", "Metrics are switched off", diagnose)
