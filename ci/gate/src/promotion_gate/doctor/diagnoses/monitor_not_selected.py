"""Nobody scrapes: no monitor finds the release, or no Prometheus takes the monitor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chart_harness.blast_radius.reach import selectors
from promotion_gate.doctor.diagnoses.scraping import (
    findings,
    in_words,
    labels_of,
    own_services,
    rendered_monitors,
)
from promotion_gate.doctor.examination import Answer, CannotTell, Diagnosis, Examination
from promotion_gate.doctor.view import Object, View
from promotion_gate.evidence import Missing

_SELECTORS = {
    "ServiceMonitor": ("serviceMonitorSelector", "serviceMonitorNamespaceSelector"),
    "PodMonitor": ("podMonitorSelector", "podMonitorNamespaceSelector"),
}


def diagnose(view: View) -> Answer:
    """A monitor finds the release by its labels, the Service finds the pods, and a Prometheus selects the monitor."""
    if not view.pulled or view.installed is None:
        return None
    for part in (view.services, view.monitors, view.pods):
        if isinstance(part, Missing):
            return CannotTell(part.reason)
    found = findings(view)
    if not found:
        return _no_monitor(view)
    if empty := list(_leading_nowhere(view)):
        return Diagnosis(
            tuple(empty),
            "a Service that selects the release's pods",
            "The Service's selector or the pods' labels were edited: deploy the checkout again, "
            f"gate deploy {view.service} {view.environment}.",
        )
    return _not_taken(view, [one.monitor for one in found])


def _not_taken(view: View, monitors: Sequence[Object]) -> Answer:
    """What if no Prometheus takes any of the monitors."""
    for part in (view.prometheuses, view.namespace_labels):
        if isinstance(part, Missing):
            return CannotTell(part.reason)
    prometheuses = () if isinstance(view.prometheuses, Missing) else view.prometheuses
    if not prometheuses:
        return CannotTell(
            "the cluster has no Prometheus object of the operator, so who reads the monitors is not known"
        )
    if any(_takes(prometheus, monitor, view) for prometheus in prometheuses for monitor in monitors):
        return None
    return Diagnosis(
        tuple(
            why for monitor in monitors for prometheus in prometheuses for why in _why_not(prometheus, monitor, view)
        ),
        "a Prometheus whose selectors match the monitor's labels and its namespace's",
        "Give the monitor the label that Prometheus looks for: metrics.serviceMonitor.labels in the service's values; or the namespace, "
        "if it is that which does not match.",
    )


def _no_monitor(view: View) -> Diagnosis:
    monitors = () if isinstance(view.monitors, Missing) else view.monitors
    names = rendered_monitors(view)
    there = [m for m in monitors if m["metadata"]["name"] in names]
    services = [f"Service {s['metadata']['name']} has {in_words(labels_of(s))}." for s in own_services(view)]
    if there:
        return Diagnosis(
            (
                *(f"{m['kind']} {m['metadata']['name']} selects {_selector(m)}." for m in there),
                *(services or [f"The release has no Service in namespace {view.namespace}."]),
            ),
            "a monitor whose selector, and namespaceSelector, match the release's Service",
            f"The chart renders both from one place: deploy the checkout again, gate deploy {view.service} {view.environment}.",
        )
    return Diagnosis(
        (
            f"No ServiceMonitor or PodMonitor in namespace {view.namespace} selects a Service or pod of the release.",
            *services,
        ),
        f"{', '.join(names)}, as the chart renders it" if names else "a monitor, of the chart or of somebody else",
        f"Somebody deleted it, or the cluster did not know the kind when Helm ran: gate deploy {view.service} {view.environment}."
        if names
        else "Set metrics.serviceMonitor.create to auto, or see that who was to make the monitor has made it.",
    )


def _selector(monitor: Object) -> str:
    wanted = selectors.words(monitor["spec"].get("selector")) or "everything"
    names = (monitor["spec"].get("namespaceSelector") or {}).get("matchNames")
    return f"{wanted} in namespace {', '.join(names)}" if names else wanted


def _leading_nowhere(view: View) -> Iterator[str]:
    pods = () if isinstance(view.pods, Missing) else view.pods
    for service in own_services(view):
        wanted = service["spec"].get("selector") or {}
        if pods and not any(selectors.selects({"matchLabels": wanted}, labels_of(pod.object)) for pod in pods):
            yield f"Service {service['metadata']['name']} selects {in_words(wanted)}, which no pod of the release has."


def _takes(prometheus: Object, monitor: Object, view: View) -> bool:
    return not list(_why_not(prometheus, monitor, view))


def _why_not(prometheus: Object, monitor: Object, view: View) -> Iterator[str]:
    by_label, by_namespace = (prometheus["spec"].get(key) for key in _SELECTORS[monitor["kind"]])
    metadata = prometheus["metadata"]
    who, what = (
        f"Prometheus {metadata['namespace']}/{metadata['name']}",
        f"{monitor['kind']} {monitor['metadata']['name']}",
    )
    key, namespace_key = _SELECTORS[monitor["kind"]]
    if by_label is None:
        yield f"{who} has no {key}, so it takes none."
    elif not selectors.selects(by_label, labels_of(monitor)):
        yield f"{who} takes those with {selectors.words(by_label)}; {what} has {in_words(labels_of(monitor))}."
    if by_namespace is None:
        if metadata["namespace"] != view.namespace:
            yield f"{who} has no {namespace_key}, so it looks into its own namespace only."
    elif not selectors.selects(
        by_namespace, {} if isinstance(view.namespace_labels, Missing) else view.namespace_labels
    ):
        yield f"{who} looks into namespaces with {selectors.words(by_namespace)}, and {view.namespace} is none of them."


EXAMINATION = Examination("monitor-not-selected", "The monitor is not selected", diagnose)
