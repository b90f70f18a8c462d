"""What the workers of a release pushed, as the cluster's Prometheus has it: through the real collector, under the real names.

What the way there does to a metric:
- The resource's attributes become labels of each series. `target_info`, which the collector writes for every worker, names them, so
  they can be told from the metric's own labels. `job` and `instance` are service.namespace/service.name and service.instance.id.
- Remote write carries no types. A series' name and shape tell them: buckets with `le` are a histogram, `…_total` is a counter, all
  else a gauge. So a gauge named `…_total` reads as a counter here; the embedded target sees the type that was pushed.
- Sums with delta temporality are dropped by the collector: they are missing here, as they are for whoever queries.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from promotion_gate.evidence import INSTANCE_LABEL, Family, MetricsPage, Sample

_INFO = "target_info"
_POD = "k8s_pod_name"
_TRANSPORT = frozenset({"__name__", "__type__", "__unit__", "job", "instance", "service_name", "service_namespace"})
"""Labels that say where a series comes from; `__type__` and `__unit__` are there if Prometheus was told to keep them."""
_SCOPE = "otel_scope_"


def selector(namespace: str, service: str = "") -> str:
    """Selects every series that a pod of the namespace pushed, under any service's name unless one is given."""
    return f'{{job="{namespace}/{service}"}}' if service else f'{{job=~"{namespace}/.*"}}'


@dataclass(frozen=True)
class _Series:
    name: str
    labels: Mapping[str, str]
    values: Mapping[float, float]
    """Value by time, in seconds since the epoch."""

    @property
    def last(self) -> float:
        return max(self.values)


def pages(result: Iterable[Mapping[str, Any]]) -> tuple[MetricsPage, ...]:
    """A page for each worker: its newest push that has arrived whole. `result` is a range vector of the query API."""
    workers: dict[str, list[_Series]] = defaultdict(list)
    for item in result:
        labels = dict(item["metric"])
        values = {float(time): float(value) for time, value in item["values"]}
        workers[labels.get("instance", "")].append(_Series(labels["__name__"], labels, values))
    return tuple(page for worker, series in sorted(workers.items()) if (page := _page(worker, series)))


def _page(worker: str, series: Sequence[_Series]) -> MetricsPage | None:
    info = [one for one in series if one.name == _INFO]
    metrics = [one for one in series if one.name != _INFO]
    if not metrics:
        return None
    moment = _newest_whole_push(metrics)
    resource = _TRANSPORT | {name for one in info for name in one.labels}
    samples = [
        Sample(one.name, _own_labels(one.labels, resource, worker), one.values[moment])
        for one in metrics
        if moment in one.values
    ]
    return MetricsPage(
        pod=next((one.labels[_POD] for one in info if _POD in one.labels), ""),
        how="push",
        source=f"Prometheus, pushed by {worker or 'a worker without service.instance.id'}",
        taken_at=datetime.fromtimestamp(moment, UTC),
        status=200,
        families=families(samples),
        # without it no label could be told from the resource's
        fault="" if info else f"the collector wrote no {_INFO} for this worker",
    )


def _newest_whole_push(metrics: Sequence[_Series]) -> float:
    """The time of the last push of which every series has arrived: one push may come in several writes.

    Every series is in every push, so one that is behind by one push is on its way, and one that is behind by more is gone.
    """
    recent = sorted({time for one in metrics for time in one.values})[-2:]
    return min(one.last for one in metrics if one.last in recent)


def _own_labels(labels: Mapping[str, str], resource: frozenset[str], worker: str) -> dict[str, str]:
    own = {name: value for name, value in labels.items() if name not in resource and not name.startswith(_SCOPE)}
    return own | ({INSTANCE_LABEL: worker} if worker else {})


def families(samples: Iterable[Sample]) -> tuple[Family, ...]:
    """The samples by family, with the type that their names and labels tell."""
    samples = list(samples)
    histograms = {s.name.removesuffix("_bucket") for s in samples if s.name.endswith("_bucket") and "le" in s.labels}
    grouped: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        base = next(
            (
                name
                for part in ("_bucket", "_count", "_sum")
                if (name := sample.name.removesuffix(part)) != sample.name and name in histograms
            ),
            sample.name,
        )
        grouped[base].append(sample)
    return tuple(Family(name, _type(name, histograms), tuple(found)) for name, found in grouped.items())


def _type(name: str, histograms: set[str]) -> str:
    if name in histograms:
        return "histogram"
    return "counter" if name.endswith("_total") else "gauge"
