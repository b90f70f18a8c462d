"""The service works, as its log says, and its metrics do not count it."""

from __future__ import annotations

from promotion_gate.doctor.diagnoses.published import pages, why_none, work_logged
from promotion_gate.doctor.examination import Answer, CannotTell, Diagnosis, Examination
from promotion_gate.doctor.view import View


def diagnose(view: View) -> Answer:
    """Where work was logged, the counter of work is above zero."""
    if not view.metrics_on:
        return None
    found, counter = pages(view), view.contract.work_counter
    if not found:
        return CannotTell(why_none(view))
    logged = work_logged(view)
    if not logged or any(page.total(counter) for page in found):
        return None
    return Diagnosis(
        (
            f"The pods logged {logged} units of work in their last lines, and {counter} is zero or absent on every page.",
        ),
        f"{counter} counts each unit of work",
        "See that the library's middleware or track_message/track_run is around the work, in the process that does it, and that "
        f"METRICS_EXCLUDED_HANDLERS does not leave it out ({view.declared.literal('METRICS_EXCLUDED_HANDLERS') or 'it is not set'}).",
    )


EXAMINATION = Examination("work-not-counted", "Work is not counted", diagnose)
