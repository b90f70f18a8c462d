"""What a service's page must hold, exactly, and how a page differs from it.

The gate asks whether all that is declared is there. Here nothing else may be there either: a family or label that nobody declared
costs series in every Prometheus of the fleet.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from promotion_gate.contract import contract_for
from promotion_gate.evidence import Family
from promotion_gate.plan import MetricSpec, load_plan
from promotion_gate.workload import Workload

ROOT = Path(__file__).resolve().parents[2]

COLLECTORS = {
    "process_cpu_seconds_total": MetricSpec(type="counter"),
    "process_max_fds": MetricSpec(type="gauge"),
    "process_open_fds": MetricSpec(type="gauge"),
    "process_resident_memory_bytes": MetricSpec(type="gauge"),
    "process_start_time_seconds": MetricSpec(type="gauge"),
    "process_virtual_memory_bytes": MetricSpec(type="gauge"),
    "python_gc_collections_total": MetricSpec(type="counter", labels=frozenset({"generation"})),
    "python_gc_objects_collected_total": MetricSpec(type="counter", labels=frozenset({"generation"})),
    "python_gc_objects_uncollectable_total": MetricSpec(type="counter", labels=frozenset({"generation"})),
    "python_info": MetricSpec(
        type="gauge", labels=frozenset({"implementation", "major", "minor", "patchlevel", "version"})
    ),
}
"""All that prometheus_client's process, GC and platform collectors give on Linux; the gate's contract asks for some of it."""

_SAMPLES = {
    "counter": {""},
    "gauge": {""},
    "summary": {"_count", "_sum"},
    "histogram": {"_bucket", "_count", "_sum"},
}
"""What the names of a family's samples add to its own."""


def declaration(service: str, workload: Workload) -> tuple[Mapping[str, MetricSpec], frozenset[str]]:
    """The families of a service, and the labels that each of their series carries beside its own."""
    contract = contract_for(workload, load_plan(ROOT / "charts" / "services" / service / "gate.yaml"))
    return {**contract.families, **COLLECTORS}, contract.constant_labels


def differences(
    families: Iterable[Family], declared: Mapping[str, MetricSpec], constant_labels: frozenset[str]
) -> list[str]:
    """A clause for each way in which the page's families are not exactly the declared ones; empty if there is none."""
    found: dict[str, list[Family]] = defaultdict(list)
    for family in families:
        found[family.name].append(family)
    clauses = [f"{name} is not declared" for name in found if name not in declared]
    for name, spec in declared.items():
        if len(found[name]) != 1:
            clauses.append(f"{name} is there {len(found[name])} times")
        else:
            clauses += _differences(found[name][0], spec, constant_labels)
    return sorted(clauses)


def _differences(family: Family, spec: MetricSpec, constant_labels: frozenset[str]) -> Iterable[str]:
    if family.type != spec.type:
        yield f"{family.name} is a {family.type}, not a {spec.type}"
        return
    names = {sample.name.removeprefix(family.name) for sample in family.samples}
    if names != _SAMPLES[spec.type]:
        yield f"{family.name} has the samples {sorted(names)}"
    bounds: dict[frozenset[tuple[str, str]], set[float]] = defaultdict(set)
    labels = set()
    for sample in family.samples:
        own = {label: value for label, value in sample.labels.items() if label != "le"}
        labels.add(frozenset(own))
        if "le" in sample.labels:
            bounds[frozenset(own.items())].add(float(sample.labels["le"]))
    if labels != {spec.labels | constant_labels}:
        yield f"{family.name} has the labels {sorted(sorted(names) for names in labels)}"
    wanted = {*spec.buckets, math.inf} if spec.buckets else set()
    if any(seen != wanted for seen in bounds.values()) or bool(bounds) != bool(wanted):
        yield f"{family.name} has other buckets"
