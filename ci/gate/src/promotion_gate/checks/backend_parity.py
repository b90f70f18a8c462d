"""With both backends at work, both say the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from promotion_gate.checks.check import Check, Subject, conclude, no_evidence, observe, unproved, unreadable, unseen
from promotion_gate.counted import counted
from promotion_gate.evidence import INSTANCE_LABEL, MetricsPage, Missing
from promotion_gate.verdict import Finding, Observation, Outcome

BACKEND = "PROMETHEUS_BACKEND"
COMPARISONS = "service_metrics_shadow_comparisons_total"
MISMATCHES = "service_metrics_shadow_mismatches_total"

_Worker = tuple[str, str]
"""Pod and instance."""


def assess(subject: Subject) -> Finding:
    backend, pages = subject.workload.literal(BACKEND), subject.evidence.pages
    if backend != "shadow":
        return Finding(
            outcome=Outcome.INCONCLUSIVE,
            summary=f"{BACKEND} is {backend!r}: nothing compares the backends",
            remedy=f"Set env.standard.{BACKEND}: shadow for this environment, and back once parity is proved.",
        )
    if isinstance(pages, Missing) or not any(page.families for page in pages):
        return no_evidence("metrics", pages)
    workers = sorted({(page.pod, instance) for page in pages for instance in page.instances})
    compared = _most(pages, COMPARISONS)
    observations = [_compared(worker, compared.get((*worker, ""), 0)) for worker in workers]
    differing = {key: count for key, count in _most(pages, MISMATCHES).items() if count != 0}
    observations += [
        observe(f"{family or 'a family'} of {instance or pod}", f"{count:g} differ", "0 differ", ok=False)
        for (pod, instance, family), count in sorted(differing.items())
    ]
    observations += unreadable(pages)
    wanted = subject.workload.replicas * subject.workload.workers
    observations += unseen("pods with metrics", (page.pod for page in pages), subject)
    if len(workers) < wanted:
        observations.append(unproved("workers with metrics", len(workers), wanted))
    families = ", ".join(sorted({family for _, _, family in differing}))
    summary = f"{sum(compared.values()):g} comparisons in {counted(len(workers), 'worker')}"
    return conclude(
        observations,
        good=f"{summary}, no difference",
        bad=f"{summary}; different: {families}" if differing else f"{summary}, not all of it proved",
        remedy="Different: the log says which series, and what each backend says; keep the backend that the service had. No "
        "comparison: a family is compared when it is scraped or pushed.",
    )


def _compared(worker: _Worker, comparisons: float) -> Observation:
    pod, instance = worker
    subject, expected = f"{instance} ({pod})", "1 comparison at least"
    if comparisons > 0:
        return observe(subject, f"{comparisons:g} comparisons", expected, ok=True)
    return unproved(subject, "no comparison", expected)


def _most(pages: Sequence[MetricsPage], counter: str) -> dict[tuple[str, str, str], float]:
    """What the counter says at most, by pod, instance and family: it only rises, and the pages are of several moments."""
    most: defaultdict[tuple[str, str, str], float] = defaultdict(float)
    for page in pages:
        for family in page.families:
            for sample in family.samples:
                if sample.name == counter:
                    key = (page.pod, sample.labels.get(INSTANCE_LABEL, ""), sample.labels.get("family", ""))
                    most[key] = max(sample.value, most[key])  # NaN stays: it comes first
    return dict(most)


CHECK = Check(
    id="backend-parity",
    title="Both backends say the same",
    question="With both backends at work, do both say the same?",
    reads=("pages",),
    assess=assess,
)
