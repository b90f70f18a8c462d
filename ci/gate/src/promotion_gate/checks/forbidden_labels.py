"""No series carries a label with a value per user or request."""

from __future__ import annotations

from collections import Counter

from promotion_gate.checks.check import Check, Subject, conclude, no_evidence, observe, unreadable, unseen
from promotion_gate.contract import FORBIDDEN_LABELS
from promotion_gate.evidence import Missing
from promotion_gate.verdict import Finding


def assess(subject: Subject) -> Finding:
    pages = subject.evidence.pages
    if isinstance(pages, Missing) or not any(page.families for page in pages):
        return no_evidence("metrics", pages)
    found: Counter[tuple[str, str]] = Counter()
    series = 0
    for page in pages:
        for family in page.families:
            for sample in family.samples:
                series += 1
                found.update((family.name, label) for label in FORBIDDEN_LABELS & sample.labels.keys())
    observations = [
        observe(name, f"label {label} on {count} series", "no such label", ok=False)
        for (name, label), count in sorted(found.items())
    ] or [observe("all families", f"{series} series", f"none of {', '.join(sorted(FORBIDDEN_LABELS))}", ok=True)]
    observations += unreadable(pages)
    observations += unseen("pods with metrics", (page.pod for page in pages), subject)
    labels = ", ".join(sorted({label for _, label in found})) or "none seen, but not every page could be read"
    return conclude(
        observations,
        good=f"none of {', '.join(sorted(FORBIDDEN_LABELS))} on {series} series",
        bad=f"forbidden labels: {labels}",
        remedy="Remove the label from the metric; put the id into the log line or the trace instead.",
    )


CHECK = Check(
    id="forbidden-labels",
    title="No forbidden label",
    question="Is no series labelled with a user or a request?",
    reads=("pages",),
    assess=assess,
)
