"""What a release publishes, pulled or pushed, for the diagnoses that read it."""

from __future__ import annotations

from promotion_gate.doctor.view import View
from promotion_gate.evidence import MetricsPage, Missing

_HTTP_ERRORS = 400


def pages(view: View) -> tuple[MetricsPage, ...]:
    """The pages that can be read, of all pods."""
    if view.declared.pushes:
        return () if isinstance(view.pushed, Missing) else tuple(page for page in view.pushed if page.readable)
    return tuple(pod.page for pod in view.running if not isinstance(pod.page, Missing) and pod.page.readable)


def why_none(view: View) -> str:
    """Why there is no page, as a clause."""
    if view.declared.pushes:
        return view.pushed.reason if isinstance(view.pushed, Missing) else "Prometheus has nothing that was pushed"
    if isinstance(view.pods, Missing):
        return view.pods.reason
    for pod in view.running:
        if isinstance(pod.page, Missing):
            return pod.page.reason
        if not pod.page.readable:
            return f"the page of {pod.name} cannot be read: {pod.page.fault or f'status {pod.page.status}'}"
    return "no container runs"


def work_logged(view: View) -> int:
    """Log lines that report a unit of work; of an API's, probes and scrapes are logged from status 400 on and do not count."""
    lines = [line for pod in view.running for line in (() if isinstance(pod.log, Missing) else pod.log)]
    return sum(
        line.status is not None and (view.declared.role != "http-api" or line.status < _HTTP_ERRORS) for line in lines
    )


def has_series(pages: tuple[MetricsPage, ...], family: str) -> bool:
    """Whether a family has a series on any page; a summary that was pushed is known by its parts."""
    names = {family, f"{family}_bucket", f"{family}_count", f"{family}_sum"}
    return any(sample.name in names for page in pages for found in page.families for sample in found.samples)
