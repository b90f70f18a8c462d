"""The series of each pod stay under the budget that the chart sets, and nothing was left out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from promotion_gate.checks.check import Check, Subject, conclude, no_evidence, observe, unreadable, unseen
from promotion_gate.evidence import INSTANCE_LABEL, MetricsPage, Missing
from promotion_gate.verdict import Finding, Observation, Outcome

BUDGET = "METRICS_SERIES_BUDGET"
DROPPED = "service_metrics_dropped_series_total"
OVERFLOW = "_overflow"
"""What the library writes for every label of the one series that counts what has none of its own."""


@dataclass
class _Counted:
    """The series of a pod: those of each worker, and those of nobody (under the empty name), each on its largest page."""

    of: dict[str, int] = field(default_factory=dict)

    def add(self, page: MetricsPage) -> None:
        on_page = Counter(s.labels.get(INSTANCE_LABEL, "") for family in page.families for s in family.samples)
        self.of = {name: max(self.of.get(name, 0), on_page[name]) for name in self.of.keys() | on_page.keys()}

    @property
    def total(self) -> int:
        return sum(self.of.values())

    @property
    def largest(self) -> int:
        """Of the workers."""
        return max((count for name, count in self.of.items() if name), default=0)


def assess(subject: Subject) -> Finding:
    pages, said, workers = subject.evidence.pages, subject.workload.literal(BUDGET), subject.workload.workers
    budget = int(said) if said.isdecimal() else 0
    if not budget:
        return Finding(
            outcome=Outcome.FAIL,
            summary=f"{BUDGET} is {said!r}, no budget" if said else "the chart sets no budget for series",
            remedy="Set metrics.budget.series; without it one label can cost this pod its memory and everybody their Prometheus.",
        )
    if isinstance(pages, Missing) or not any(page.families for page in pages):
        return no_evidence("metrics", pages)
    pods: defaultdict[str, _Counted] = defaultdict(_Counted)
    for page in pages:
        pods[page.pod].add(page)
    observations = [_pod(pod, series, budget, workers) for pod, series in sorted(pods.items())]
    left_out = _left_out(pages)
    observations += [observe(family, what, "nothing left out", ok=False) for family, what in sorted(left_out.items())]
    observations += unreadable(pages)
    observations += unseen("pods with metrics", pods, subject)
    largest = max(series.total for series in pods.values())
    summary = (
        f"{largest} of {budget * workers} series in the largest pod, {largest / (budget * workers):.0%} of its budget"
    )
    return conclude(
        observations,
        good=summary,
        bad=f"{summary}; left out: {', '.join(sorted(left_out))}" if left_out else summary,
        remedy="Look at which family grows: a label with a value per user or request is the usual cause. If the service needs "
        "them all, raise metrics.budget.series.",
    )


def _pod(pod: str, series: _Counted, budget: int, workers: int) -> Observation:
    """A page at its budget is the last one that Prometheus takes, and a worker at its share opens no series more."""
    whole = budget * workers
    seen = f"{series.total} series ({series.total / whole:.0%}), {series.largest} of one worker"
    expected = f"under {whole}, and under {budget} of one worker"
    return observe(pod, seen, expected, ok=series.total < whole and series.largest < budget)


def _left_out(pages: Sequence[MetricsPage]) -> Mapping[str, str]:
    """What has no series of its own, by family."""
    found: dict[str, str] = {}
    for page in pages:
        for family in page.families:
            for sample in family.samples:
                if family.name == DROPPED and sample.value != 0:
                    dropped = sample.labels.get("family", family.name)
                    found[dropped] = f"{sample.value:g} label values left out ({page.where})"
                elif OVERFLOW in sample.labels.values():
                    found.setdefault(family.name, f"a series {OVERFLOW} ({page.where})")
    return found


CHECK = Check(
    id="series-budget",
    title="Series under their budget",
    question="Did the series of each pod stay under the budget that the chart sets?",
    reads=("pages",),
    assess=assess,
)
