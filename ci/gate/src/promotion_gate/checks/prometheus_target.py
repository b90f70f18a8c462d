"""Prometheus scrapes each pod, once, and takes every sample."""

from __future__ import annotations

from collections.abc import Sequence

from promotion_gate.checks.check import Check, Subject, conclude, no_evidence, observe, unproved, unseen
from promotion_gate.counted import counted
from promotion_gate.evidence import Missing, ScrapeTarget
from promotion_gate.verdict import Finding, Observation, Outcome


def assess(subject: Subject) -> Finding:
    targets, pods = subject.evidence.scrape_targets, subject.evidence.pods
    if isinstance(targets, Missing):
        return no_evidence("scrape targets", targets)
    if isinstance(pods, Missing) or not pods:
        return no_evidence("pods", pods)
    names = sorted({pod.name for pod in pods})
    observations = [_count(pod, [target for target in targets if target.pod == pod]) for pod in names]
    observations += [_target(target) for target in targets if target.pod in names]
    # A pod that has just gone is a target for a little longer: that says nothing of the ones that run.
    observations += [
        unproved(target.url, f"a page of {target.pod or 'no pod'}, {target.health}", "a pod of the release")
        for target in targets
        if target.pod not in names
    ]
    observations += unseen("pods seen", names, subject)
    up = sum(target.health == "up" for target in targets)
    wrong = [o.subject for o in observations if o.outcome is not Outcome.PASS]
    stored = sum(target.series_stored for target in targets)
    return conclude(
        observations,
        good=f"{counted(up, 'target')} up, one for each pod; all of {stored} samples stored",
        bad=f"{up} of {counted(len(targets), 'target')} up for {counted(len(names), 'pod')}; not as it should be: "
        + ", ".join(dict.fromkeys(wrong[:3])),
        remedy="No target: compare the monitor's label `release` and its port's name with Prometheus and the Service. Two: is there a "
        "headless Service too? Down: see the error, then the NetworkPolicy's ingress. Samples not stored: see metrics.budget.",
    )


def _count(pod: str, targets: Sequence[ScrapeTarget]) -> Observation:
    urls = f" ({', '.join(sorted(target.url for target in targets))})" if len(targets) > 1 else ""
    return observe(f"targets of {pod}", f"{len(targets)}{urls}", "1", ok=len(targets) == 1)


def _target(target: ScrapeTarget) -> Observation:
    expected = "up, no error, every sample stored"
    seen = f"{target.health}{', ' if target.last_error else ''}{target.last_error}"
    if target.health == "unknown":
        return unproved(target.url, "not scraped yet", expected)
    if target.health != "up" or target.last_error:
        return observe(target.url, seen, expected, ok=False)
    dropped = target.samples_scraped - target.samples_kept
    samples = f"{target.samples_scraped} samples, {dropped} dropped by relabelling, {target.series_stored} stored"
    seen = f"{seen}, {samples}"
    if target.samples_kept > 0 and target.series_stored > target.samples_kept:
        return unproved(target.url, f"{seen}: more than were scraped", expected)
    return observe(
        target.url,
        seen,
        expected,
        ok=target.samples_scraped > 0 and target.samples_kept > 0 and target.series_stored == target.samples_kept,
    )


CHECK = Check(
    id="prometheus-target",
    title="Prometheus takes every sample",
    question="Does Prometheus scrape each pod once, and store every sample?",
    reads=("scrape_targets", "pods"),
    assess=assess,
)
