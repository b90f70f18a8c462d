"""The samples of a family put together to series, for formats in which a histogram is one thing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from prometheus_client import Metric
from prometheus_client.samples import Exemplar, Sample, Timestamp

from service_metrics.recording.cells import Row
from service_metrics.recording.family import RecordedFamily

_VALUES = {"counter": "_total", "info": "_info", "gauge": "", "stateset": "", "unknown": ""}
"""What the sample's name adds to the family's, for types with one value a series."""

_BUCKETED = ("histogram", "gaugehistogram")
_DISTRIBUTIONS = (*_BUCKETED, "summary")
_WITH_CREATED = ("counter", *_DISTRIBUTIONS)

_ROWS_AT_ONCE = 50


@dataclass(slots=True)
class Series:
    """One series of a family; which attributes mean something depends on the family's type.

    Attributes:
        labels: Without those that tell the parts of a distribution apart (`le`, `quantile`).
        value: Of a counter, gauge, info, state or unknown.
        count: How many observations.
        total: Their sum; None where the family does not say.
        buckets: Upper bound, how many observations up to it, exemplar.
        quantiles: Quantile and value.
        created: Since when it counts, Unix seconds; None where the family does not say.
        exemplar: Of a counter.
        timestamp: When a custom collector says it was measured, Unix seconds.
    """

    labels: dict[str, str]
    value: float = 0.0
    count: float = 0.0
    total: float | None = None
    buckets: Sequence[tuple[float, float, Exemplar | None]] = ()
    quantiles: Sequence[tuple[float, float]] = ()
    created: float | None = None
    exemplar: Exemplar | None = None
    timestamp: float | Timestamp | None = None


def series_of(family: Metric) -> Iterator[tuple[Metric, Iterable[Series]]]:
    """Give a family and its series, then a family of type unknown for each sample name that its type does not have."""
    if isinstance(family, RecordedFamily) and family.lines is not None:
        yield family, _recorded(family)
        return
    series: dict[object, Series] = {}
    others: dict[str, Metric] = {}
    for sample in family.samples:
        if sample.native_histogram is None and not _add(sample, family, series):
            other = others.setdefault(sample.name, Metric(sample.name, family.documentation, "unknown"))
            other.samples.append(sample)
    yield family, series.values()
    for other in others.values():
        yield from series_of(other)


def _recorded(family: RecordedFamily) -> Iterator[Series]:
    """Give the series of a family of ours, without making samples of it first."""
    for start in range(0, len(family.cells), _ROWS_AT_ONCE):
        for row in family.rows_between(start, start + _ROWS_AT_ONCE):
            yield from _of_row(family, row)


def _of_row(family: RecordedFamily, row: Row) -> Iterator[Series]:
    labelvalues, state, since, exemplars = row
    labels = dict(zip(family.labelnames, labelvalues, strict=True))
    values = family.values(state)
    created = since if family.has_created else None
    seen = exemplars or {}
    if family.type in _DISTRIBUTIONS:
        buckets = [(bound, values[index], seen.get(index)) for index, bound in enumerate(family.bounds)]
        count, *total = values[len(buckets) :]
        yield Series(labels, count=count, total=total[0] if total else None, buckets=buckets, created=created)
        return
    for index, (line, value) in enumerate(zip(family.lines or (), values, strict=True)):
        yield Series({**labels, **dict(line.labels)}, value, created=created, exemplar=seen.get(index))


def _add(sample: Sample, family: Metric, series: dict[object, Series]) -> bool:
    """Put a sample where it belongs; False where a family of this type has no such sample."""
    type_ = family.type
    part = sample.name[len(family.name) :] if sample.name.startswith(family.name) else None
    labels = dict(sample.labels)
    apart = None
    if part == "_bucket" and type_ in _BUCKETED:
        apart = labels.pop("le", None)
    elif part == "" and type_ == "summary":
        apart = labels.pop("quantile", None)

    key = (frozenset(labels.items()), str(sample.timestamp))  # a Timestamp has no hash
    one = series.get(key) or Series(labels, timestamp=sample.timestamp)
    if part is not None and part == _VALUES.get(type_):
        one.value, one.exemplar = sample.value, sample.exemplar
    elif part == "_created" and type_ in _WITH_CREATED:
        one.created = sample.value
    elif part in ("_count", "_gcount") and type_ in _DISTRIBUTIONS:
        one.count = sample.value
    elif part in ("_sum", "_gsum") and type_ in _DISTRIBUTIONS:
        one.total = sample.value
    elif part == "_bucket" and apart is not None:
        one.buckets = [*one.buckets, (float(apart), sample.value, sample.exemplar)]
    elif apart is not None:
        one.quantiles = [*one.quantiles, (float(apart), sample.value)]
    else:
        return False
    series[key] = one
    return True
