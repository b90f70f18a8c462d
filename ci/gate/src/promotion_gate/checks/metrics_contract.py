"""What the service publishes is what its role promises: names, types, labels, buckets."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

from promotion_gate.checks.check import Check, Subject, conclude, no_evidence, observe, unproved, unseen
from promotion_gate.contract import FORBIDDEN_LABELS, Contract
from promotion_gate.counted import counted
from promotion_gate.evidence import INSTANCE_LABEL, Evidence, Family, MetricsPage, Missing
from promotion_gate.plan import MetricSpec
from promotion_gate.verdict import Finding, Observation, Outcome

OK = 200

_Series = frozenset[tuple[str, str]]


def assess(subject: Subject) -> Finding:
    pages = subject.evidence.pages
    if isinstance(pages, Missing) or not pages:
        return no_evidence("metrics", pages)
    observations = [_answer(page, subject.evidence) for page in pages]
    readable = [page for page in pages if page.status == OK and not page.fault]
    if readable:
        observations += [
            _family(name, spec, subject.contract, readable) for name, spec in subject.contract.families.items()
        ]
    seen = {page.pod for page in readable}
    observations += unseen("pods with metrics", seen, subject)
    wrong = [o for o in observations if o.outcome is not Outcome.PASS]
    required = len(subject.contract.families)
    return conclude(
        observations,
        good=f"{required} required families on {counted(len(readable), 'page')} of {counted(len(seen), 'pod')}",
        bad=f"{len(wrong)} of {len(observations)} observations not as required: {', '.join(o.subject for o in wrong[:3])}",
        remedy="Compare the page with contracts/<role>.yaml and the service's gate.yaml; a family appears once its code path ran.",
    )


def _answer(page: MetricsPage, evidence: Evidence) -> Observation:
    subject = page.where
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
        f", buckets {_numbers([*spec.buckets, math.inf])}" if spec.buckets else ""
    )
    for page in pages:
        found = [f for f in page.families if f.name == name]
        fault = _fault(found[0], spec, contract, page) if found else "missing"
        if len(found) > 1:  # Prometheus takes one group of lines a name
            fault = f"{len(found)} families of this name"
        if fault:
            return observe(name, f"{fault} on {page.where}", expected, ok=False)
    return observe(name, f"as required on {counted(len(pages), 'page')}", expected, ok=True)


def _fault(family: Family, spec: MetricSpec, contract: Contract, page: MetricsPage) -> str:
    """What is wrong with a family, as a clause; empty if nothing is."""
    # OTLP has no summary to send: the library sends a histogram without bounds, which says the same (count and sum)
    types = {spec.type, "histogram"} if page.how == "push" and spec.type == "summary" else {spec.type}
    if family.type not in types:
        return f"type {family.type}"
    if not family.samples:
        return "no series"
    wanted = spec.labels | contract.constant_labels
    own = {"histogram": frozenset({"le"}), "summary": frozenset({"quantile"})}.get(family.type, frozenset())
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
    return _absent_worker(family, spec, page) or _broken_series(family, spec)


def _absent_worker(family: Family, spec: MetricSpec, page: MetricsPage) -> str:
    """A family without labels of its own has a series from its start, so every worker of the page must show one."""
    if spec.labels:
        return ""
    absent = page.instances - {s.labels.get(INSTANCE_LABEL, "") for s in family.samples}
    return f"no series of {', '.join(sorted(absent))}" if absent else ""


def _broken_series(family: Family, spec: MetricSpec) -> str:
    """Each series of a histogram or summary needs all its buckets, a count and a sum: a page that was cut may lack some."""
    if family.type not in {"histogram", "summary"}:
        return ""
    parts, bounds = defaultdict[_Series, set[str]](set), defaultdict[_Series, set[float]](set)
    for sample in family.samples:
        series = frozenset((name, value) for name, value in sample.labels.items() if name not in {"le", "quantile"})
        parts[series].add(sample.name.removeprefix(family.name))
        if sample.name.endswith("_bucket"):
            bounds[series].add(float(sample.labels["le"]))
    for series, seen in parts.items():
        if lacking := {"_count", "_sum"} - seen:
            return f"a series without {' and '.join(sorted(lacking))}"
        if spec.buckets and bounds[series] != {*spec.buckets, math.inf}:
            return f"buckets {_numbers(sorted(bounds[series])) or 'none'}"
    return ""


def _names(labels: frozenset[str]) -> str:
    return ", ".join(sorted(labels))


def _numbers(bounds: Sequence[float]) -> str:
    return " ".join("+Inf" if bound == math.inf else f"{bound:g}" for bound in bounds)


CHECK = Check(
    id="metrics-contract",
    title="Metrics as the role promises",
    question="Are the metrics those that the role promises?",
    reads=("pages",),
    assess=assess,
)
