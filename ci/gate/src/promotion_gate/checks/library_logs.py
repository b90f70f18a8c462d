"""No log line, and no counter, says that the metrics library does not work."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from promotion_gate.checks.check import Check, Subject, conclude, no_evidence, observe, unproved, unseen
from promotion_gate.checks.library_lines import COMPLAINTS, Complaint
from promotion_gate.counted import counted
from promotion_gate.evidence import MetricsPage, Missing, PodLog
from promotion_gate.verdict import Finding, Observation

COUNTERS = {
    "service_metrics_push_failures_total": ("pushes that did not arrive", "Pushing metrics to x fails ("),
    "service_metrics_label_errors_total": ("label callbacks that failed", "The callback of the label x failed"),
}
"""What the library counts beside the line that it logs, for services whose log does not show it."""

_ANY = re.compile("|".join(f"(?:{complaint.pattern.pattern})" for complaint in COMPLAINTS))
_LONGEST = 400
"""Characters of a line that are shown."""


def complaint(line: str) -> Complaint | None:
    """What the line says of the library; None if nothing."""
    if not _ANY.search(line):
        return None
    return next(complaint for complaint in COMPLAINTS if complaint.pattern.search(line))


def assess(subject: Subject) -> Finding:
    logs, pages = subject.evidence.logs, subject.evidence.pages
    if isinstance(logs, Missing) or not logs:
        return no_evidence("logs", logs)
    found: list[Complaint] = []
    observations: list[Observation] = []
    for log in logs:
        observations += _log(log, found)
    observations += _counters(() if isinstance(pages, Missing) else pages, found)
    observations += unseen("pods with a log", (log.pod for log in logs), subject)
    kinds = list(dict.fromkeys(found))
    lines = sum(len(log.lines) for log in logs)
    return conclude(
        observations,
        good=f"none of {counted(lines, 'log line')} is a complaint of the metrics library",
        bad="; ".join(kind.means for kind in kinds) or "not every pod's log could be read",
        remedy=" ".join(kind.remedy for kind in kinds)
        or "Look why a pod logs nothing: a service says at least that it starts.",
    )


def _log(log: PodLog, found: list[Complaint]) -> list[Observation]:
    expected = "no complaint of the metrics library"
    if not log.lines:
        return [unproved(log.pod, "nothing was logged", expected)]
    first: dict[Complaint, str] = {}
    times: Counter[Complaint] = Counter()
    for line in log.lines:
        if kind := complaint(line.text):
            first.setdefault(kind, line.text[:_LONGEST])
            times[kind] += 1
    found += first
    return [
        observe(log.pod, f"{counted(times[kind], 'line')}, {kind.means}: {text}", expected, ok=False)
        for kind, text in first.items()
    ] or [observe(log.pod, f"{counted(len(log.lines), 'line')}, none of them", expected, ok=True)]


def _counters(pages: Iterable[MetricsPage], found: list[Complaint]) -> list[Observation]:
    counts: dict[tuple[str, str], float] = {}
    for page in pages:
        for counter in COUNTERS:
            value = page.total(counter)
            if value != 0:
                counts[page.pod, counter] = max(value, counts.get((page.pod, counter), value))
    found += [kind for _, counter in counts if (kind := complaint(COUNTERS[counter][1]))]
    return [
        observe(f"{counter} of {pod}", f"{value:g} {COUNTERS[counter][0]}", "0", ok=False)
        for (pod, counter), value in sorted(counts.items())
    ]


CHECK = Check(
    id="library-logs",
    title="No complaint of the metrics library",
    question="Does no log line say that the metrics library does not work?",
    reads=("logs", "pages"),
    assess=assess,
)
