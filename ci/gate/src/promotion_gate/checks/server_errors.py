"""No answer with a status of 500 or above, neither to the gate nor to anybody else."""

from __future__ import annotations

from collections import defaultdict

from promotion_gate.checks.check import Check, Subject, conclude, no_evidence, observe, unreadable, unseen
from promotion_gate.counted import counted
from promotion_gate.evidence import MetricsPage, Missing, Traffic
from promotion_gate.verdict import Finding, Observation

SERVER_ERROR = 500


def assess(subject: Subject) -> Finding:
    traffic, pages = subject.evidence.traffic, subject.evidence.pages
    if isinstance(traffic, Missing) or not traffic.sent:
        return no_evidence("requests", traffic)
    if isinstance(pages, Missing) or not any(page.families for page in pages):
        return no_evidence("metrics", pages)
    observations = _answers(traffic)
    failed = _counted(subject.contract.work_counter, pages)
    observations += [
        observe(f"{subject.contract.work_counter} of {pod}", f"{value:g} with status {status}", "0", ok=False)
        for (pod, status), value in sorted(failed.items())
    ] or [observe(subject.contract.work_counter, "no series with status 500 and above", "none", ok=True)]
    observations += unreadable(pages)
    observations += unseen("pods with metrics", (page.pod for page in pages), subject)
    errors = sum(count for status, count in traffic.answered.items() if status >= SERVER_ERROR)
    summary = (
        f"{errors} of {counted(traffic.answers, 'answer')} to the gate with status 500 and above, {traffic.unanswered} requests "
        f"unanswered; {sum(failed.values()):g} counted by the pods"
    )
    return conclude(
        observations,
        good=summary,
        bad=summary,
        remedy="Find what fails in pods/<pod>/log beside the reports; no share of server errors is small enough to promote.",
    )


def _answers(traffic: Traffic) -> list[Observation]:
    statuses = ", ".join(f"{count} with {status}" for status, count in sorted(traffic.answered.items())) or "none"
    errors = any(count and status >= SERVER_ERROR for status, count in traffic.answered.items())
    return [
        observe("answers to the gate", statuses, "each below 500", ok=bool(traffic.answers) and not errors),
        observe("requests without an answer", traffic.unanswered, 0, ok=traffic.unanswered == 0),
    ]


def _counted(counter: str, pages: tuple[MetricsPage, ...]) -> dict[tuple[str, str], float]:
    """What the pods counted of each status of 500 and above, on the page that says most."""
    most: defaultdict[tuple[str, str], float] = defaultdict(float)
    for page in pages:
        on_page: defaultdict[str, float] = defaultdict(float)
        for sample in (s for family in page.families for s in family.samples if s.name == counter):
            status = sample.labels.get("status", "")
            # grouped ("5xx") counts too, and so does a value that is no number
            if status.startswith("5") and sample.value != 0:
                on_page[status] += sample.value
        for status, value in on_page.items():
            most[page.pod, status] = max(most[page.pod, status], value)
    return dict(most)


CHECK = Check(
    id="server-errors",
    title="No server error",
    question="Was no request answered with a status of 500 or above?",
    reads=("traffic", "pages"),
    assess=assess,
)
