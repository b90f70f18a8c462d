"""A process records with another backend than the chart names."""

from __future__ import annotations

from promotion_gate.doctor.deviation import deviations, remedy
from promotion_gate.doctor.examination import Answer, CannotTell, Diagnosis, Examination
from promotion_gate.doctor.view import View
from promotion_gate.evidence import Missing

NAME = "PROMETHEUS_BACKEND"
DEFAULT = "prometheus"


def diagnose(view: View) -> Answer:
    """Every process has the chart's PROMETHEUS_BACKEND; not set is the library's default."""
    if isinstance(view.pods, Missing):
        return CannotTell(view.pods.reason)
    if not view.metrics_on:
        return None
    found = [one for one in deviations(view, [NAME]) if (one.declared or DEFAULT) != (one.found or DEFAULT)]
    if found:
        expected = f"{NAME}={view.declared.literal(NAME, DEFAULT)} in every process"
        return Diagnosis(tuple(f"{one.sentence}." for one in found), expected, remedy(view, found[0].since))
    unread = next((pod.environments for pod in view.running if isinstance(pod.environments, Missing)), None)
    if unread:
        return CannotTell(unread.reason)
    return None if view.running else CannotTell("no container runs")


EXAMINATION = Examination("wrong-backend", "The wrong backend", diagnose)
