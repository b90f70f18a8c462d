"""The page works and a family has no series, because the code that records it has not run yet."""

from __future__ import annotations

from promotion_gate.doctor.diagnoses.published import has_series, pages, why_none, work_logged
from promotion_gate.doctor.examination import Answer, CannotTell, Diagnosis, Examination
from promotion_gate.doctor.view import View

_OF_THE_PROCESS = ("process_", "python_")
_WORK = {
    "http-api": "Send a request to a route that is counted; probes and the metrics page are not.",
    "amqp-consumer": "See that messages come: who publishes, the binding of the queue, and AMQP_URL.",
    "task-runner": "Wait for the first run, or see why the schedule does not start one.",
}


def diagnose(view: View) -> Answer:
    """Work was done since the pods started, and each family that the release promises has a series somewhere."""
    if not view.metrics_on:
        return None
    found, counter = pages(view), view.contract.work_counter
    if not found:
        return CannotTell(why_none(view))
    if not any(page.total(counter) for page in found):
        if work_logged(view):
            return None  # that is work-not-counted
        return Diagnosis(
            (f"{counter} is zero or absent on every page, and no work was logged since the pods started.",),
            f"{counter} above zero, once there was work",
            f"Nothing is broken: a series appears with its first event. {_WORK.get(view.declared.role, '')}".strip(),
        )
    absent = [
        name for name in view.contract.families if not name.startswith(_OF_THE_PROCESS) and not has_series(found, name)
    ]
    if not absent:
        return None
    return Diagnosis(
        tuple(f"{name} has no series on any page." for name in absent),
        "a series of each family that the role and gate.yaml promise",
        "The page works and other work is counted, so the code that records these has not run: call the route or send the message that "
        "does. If it has run, it records into another registry or under another name.",
    )


EXAMINATION = Examination("not-fired", "The code path has not fired yet", diagnose)
