"""Metric families as the OpenTelemetry SDK's MetricsData, with the names and labels of the page.

Works on what a registry collects, so it takes our metrics, prometheus_client's and custom collectors alike.
OpenTelemetry metrics data model, section "Prometheus and OpenMetrics compatibility".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import prometheus_client
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from prometheus_client.samples import Sample

CUMULATIVE = AggregationTemporality.CUMULATIVE
_INF = float("inf")
_UNKNOWN: Any = None  # minimum and maximum are optional on the wire, but not in the SDK's type


@dataclass(frozen=True)
class Period:
    """The time the values cover, in Unix nanoseconds."""

    start: int
    end: int


@dataclass
class _Distribution:
    """The samples of one histogram or summary series."""

    attributes: dict[str, str]
    count: float | None = None
    total: float | None = None
    cumulative: dict[float, float] = field(default_factory=dict)


def metrics_data(
    families: Iterable[prometheus_client.Metric], *, resource: Resource, defaults: Mapping[str, str], period: Period
) -> MetricsData:
    """Return all families as one resource's metrics.

    Counters become monotonic sums, histograms keep their bounds, summaries become histograms without bounds (their
    quantiles are left out), everything else becomes gauges under the names of the text format.

    Args:
        families: What a registry collects.
        resource: The process.
        defaults: Attributes of every point that does not have a label of that name itself.
        period: Since when the values count, and when they were collected.
    """
    metrics = [metric for family in families for metric in _metrics(family, defaults, period)]
    scope = ScopeMetrics(InstrumentationScope("service_metrics"), metrics, "")
    return MetricsData([ResourceMetrics(resource, [scope], "")])


def _metrics(family: prometheus_client.Metric, defaults: Mapping[str, str], period: Period) -> Iterator[Metric]:
    def metric(name: str, data: Sum | Gauge | Histogram) -> Metric:
        return Metric(name, family.documentation, family.unit, data)

    if family.type == "counter":
        points = [
            NumberDataPoint({**defaults, **sample.labels}, period.start, period.end, float(sample.value))
            for sample in family.samples
            if sample.name == f"{family.name}_total"
        ]
        yield metric(f"{family.name}_total", Sum(points, CUMULATIVE, is_monotonic=True))
    elif family.type in ("histogram", "summary"):
        distributions = _distributions(family, defaults)
        yield metric(family.name, Histogram([_point(found, period) for found in distributions], CUMULATIVE))
    else:
        by_name: dict[str, list[Sample]] = {}
        for sample in family.samples:
            by_name.setdefault(sample.name, []).append(sample)
        for name, samples in by_name.items():
            yield metric(
                name,
                Gauge([NumberDataPoint({**defaults, **s.labels}, 0, period.end, float(s.value)) for s in samples]),
            )


def _distributions(family: prometheus_client.Metric, defaults: Mapping[str, str]) -> Iterable[_Distribution]:
    series: dict[frozenset[tuple[str, str]], _Distribution] = {}
    for sample in family.samples:
        suffix = sample.name[len(family.name) :]
        if suffix not in ("_bucket", "_count", "_sum"):
            continue  # `_created`, and the quantiles of a summary
        labels = {name: value for name, value in sample.labels.items() if suffix != "_bucket" or name != "le"}
        key = frozenset(labels.items())
        found = series.get(key)
        if found is None:
            found = series[key] = _Distribution({**defaults, **labels})
        if suffix == "_bucket":
            found.cumulative[float(sample.labels["le"])] = sample.value
        elif suffix == "_count":
            found.count = sample.value
        else:
            found.total = sample.value
    return series.values()


def _point(found: _Distribution, period: Period) -> HistogramDataPoint:
    bounds = sorted(bound for bound in found.cumulative if bound != _INF)
    count = found.count if found.count is not None else found.cumulative.get(_INF, 0.0)
    counts: list[int] = []
    if found.cumulative:
        steps = [found.cumulative[bound] for bound in bounds] + [count]
        counts = [round(after - before) for before, after in zip([0.0, *steps], steps, strict=False)]
    return HistogramDataPoint(
        attributes=found.attributes,
        start_time_unix_nano=period.start,
        time_unix_nano=period.end,
        count=round(count),
        sum=_UNKNOWN if found.total is None else float(found.total),
        bucket_counts=counts,
        explicit_bounds=bounds,
        min=_UNKNOWN,
        max=_UNKNOWN,
    )
