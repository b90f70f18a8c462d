"""The pods' pushes do not arrive: no connection, or the collector refuses them."""

from __future__ import annotations

from promotion_gate.doctor.diagnoses.collector import failing
from promotion_gate.doctor.examination import Answer, CannotTell, Diagnosis, Examination
from promotion_gate.doctor.view import View
from promotion_gate.evidence import Missing


def diagnose(view: View) -> Answer:
    """From inside each pod the endpoint takes a connection, and the library does not say that its pushes fail."""
    if not view.declared.pushes or not view.metrics_on:
        return None
    if isinstance(view.pods, Missing):
        return CannotTell(view.pods.reason)
    dials = () if isinstance(view.dials, Missing) else view.dials
    cut_off = [f"{dial.pod} cannot connect to {dial.endpoint}: {dial.said}." for dial in dials if not dial.reached]
    refused = [
        f"{pod.name} says: pushing to {why[0]} fails ({why[1]})." for pod in view.running if (why := failing(pod))
    ]
    if cut_off:
        remedy = (
            "See that the collector runs and its Service has endpoints; a name that is not found is DNS, whose port 53 a NetworkPolicy "
            "must leave open; a time-out is a policy, here or around the collector."
        )
    else:
        remedy = "The collector can be reached and does not take them: the reason is in brackets, and in the collector's own log."
    if cut_off or refused:
        return Diagnosis((*cut_off, *refused), "pushes that the collector takes", remedy)
    if isinstance(view.dials, Missing):
        return CannotTell(view.dials.reason)
    return None if view.running else CannotTell("no container runs")


EXAMINATION = Examination("collector-unreachable", "Pushes do not arrive at the collector", diagnose)
