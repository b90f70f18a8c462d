"""What the service publishes is what its role promises: names, types, labels, buckets."""

from __future__ import annotations

import math
from collections.abc import Sequence

from promotion_gate.checks.check import Check, Subject, conclude, no_evidence, observe, unproved
from promotion_gate.contract import FORBIDDEN_LABELS, Contract
from promotion_gate.evidence import Evidence, Family, MetricsPage, Missing
from promotion_gate.plan import MetricSpec
from promotion_gate.verdict import Finding, Observation, Outcome

OK = 200


def assess(subject: Subject) -> Finding:
    pages = subject.evidence.pages
    if isinstance(pages, Missing) or not pages:
        return no_evidence("metrics", pages if isinstance(pages, Missing) else None)
    observations = [_answer(page, subject.evidence) for page in pages]
    readable = [page for page in pages if page.status == OK and not page.fault]
    if readable:
        observations += [
            _family(name, spec, subject.contract, readable) for name, spec in subject.contract.families.items()
        ]
    seen = {page.pod for page in readable}
    if len(seen) < subject.workload.replicas:
        observations.append(unproved("pods with metrics", len(seen), subject.workload.replicas))
    wrong = [o for o in observations if o.outcome is not Outcome.PASS]
    required = len(subject.contract.families)
    return conclude(
        observations,
        good=f"{required} required families on {len(readable)} pages of {len(seen)} pods",
        bad=f"{len(wrong)} of {len(observations)} observations not as required: {', '.join(o.subject for o in wrong[:3])}",
        remedy="Compare the page with contracts/<role>.yaml and the service's gate.yaml; a family appears once its code path ran.",
    )


def _answer(page: MetricsPage, evidence: Evidence) -> Observation:
    subject = f"{page.source} ({page.pod})"
    pods = () if isinstance(evidence.pods, Missing) else evidence.pods
    ready = any(pod.name == page.pod and pod.ready for pod in pods)
    if not page.status:
        if ready:
            return observe(subject, page.fault, "status 200", ok=False)
        return unproved(subject, f"{page.fault}; the pod is not Ready", "status 200")
    if page.status == OK and page.fault:
        return unproved(subject, page.fault, "a whole page")
    return observe(subject, f"status {page.status}", "status 200", ok=page.status == OK)


def _family(name: str, spec: MetricSpec, contract: Contract, pages: Sequence[MetricsPage]) -> Observation:
    expected = f"{spec.type}, labels {_names(spec.labels) or 'none'}" + (
        f", buckets {_numbers(spec.buckets)}" if spec.buckets else ""
    )
    for page in pages:
        family = next((f for f in page.families if f.name == name), None)
        fault = "missing" if family is None else _fault(family, spec, contract, page.how == "push")
        if fault:
            return observe(name, f"{fault} on {page.source} ({page.pod})", expected, ok=False)
    return observe(name, f"as required on {len(pages)} pages", expected, ok=True)


def _fault(family: Family, spec: MetricSpec, contract: Contract, pushed: bool) -> str:
    """What is wrong with a family, as a clause; empty if nothing is."""
    # OTLP has no summary to send: the library sends a histogram without bounds, which says the same (count and sum)
    types = {spec.type, "histogram"} if pushed and spec.type == "summary" else {spec.type}
    if family.type not in types:
        return f"type {family.type}"
    if not family.samples:
        return "no series"
    wanted = spec.labels | contract.constant_labels
    own = frozenset({"le"}) if family.type == "histogram" else frozenset({"quantile"})
    for sample in family.samples:
        labels = frozenset(sample.labels) - own - FORBIDDEN_LABELS  # those have a check of their own
        if labels != wanted:
            return " and ".join(
                part
                for part in (
                    f"label {_names(wanted - labels)} missing" if wanted - labels else "",
                    f"label {_names(labels - wanted)} not declared" if labels - wanted else "",
                )
                if part
            )
    if spec.buckets:
        bounds = {float(s.labels["le"]) for s in family.samples if s.name.endswith("_bucket")} - {math.inf}
        if bounds != set(spec.buckets):
            return f"buckets {_numbers(sorted(bounds)) or 'none'}"
    return ""


def _names(labels: frozenset[str]) -> str:
    return ", ".join(sorted(labels))


def _numbers(bounds: Sequence[float]) -> str:
    return " ".join(f"{bound:g}" for bound in bounds)


CHECK = Check("metrics-contract", "Metrics as the role promises", assess)
