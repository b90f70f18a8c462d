"""Series are refused: by a limit of the scrape, or by the library's own budget."""

from __future__ import annotations

import re

from promotion_gate.doctor.diagnoses.published import pages
from promotion_gate.doctor.examination import Answer, CannotTell, Diagnosis, Examination
from promotion_gate.doctor.view import View
from promotion_gate.evidence import Missing

LIMIT = re.compile(r"limit.*exceeded|exceeded.*limit|exceeds.*limit", re.IGNORECASE)
DROPPED = "service_metrics_dropped_series_total"


def diagnose(view: View) -> Answer:
    """No scrape broke a limit, and no worker used its series budget up."""
    if not view.metrics_on:
        return None
    targets = () if isinstance(view.targets, Missing) else view.targets
    mine = {pod.name for pod in view.running}
    limits = [
        f"Prometheus on {target.labels['pod']}: {target.last_error}."
        for target in targets
        if target.labels.get("pod") in mine and LIMIT.search(target.last_error)
    ]
    dropped = [
        f"{page.pod}: METRICS_SERIES_BUDGET is used up; {sample.labels.get('family', 'a family')} lost {sample.value:g} series."
        for page in pages(view)
        for family in page.families
        for sample in family.samples
        if sample.name == DROPPED and sample.value > 0
    ]
    if limits or dropped:
        return Diagnosis(
            (*limits, *dropped),
            "every series of the page stored",
            "Find the label whose values have no bound (gate verify, check series-budget) and drop it; if the series are all needed, raise "
            "metrics.budget.series, from which both limits are rendered.",
        )
    return CannotTell(view.targets.reason) if view.pulled and isinstance(view.targets, Missing) else None


EXAMINATION = Examination("series-rejected", "Series are rejected", diagnose)
