"""Metric families as OTLP streams: which kind of metric each is, and one row a series, without a data point made yet.

Works on what a registry collects: our families are read as they are, everything else (prometheus_client's metrics, custom
collectors) by its samples. OpenTelemetry metrics data model, section "Prometheus and OpenMetrics compatibility".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

from opentelemetry.sdk.metrics import Counter, Histogram, ObservableCounter, ObservableGauge
from prometheus_client import Metric
from prometheus_client.samples import Exemplar

from service_metrics.exposition.series import Series, series_of
from service_metrics.recording.family import RecordedFamily

_INF = float("inf")

Row = tuple[tuple[Any, ...], Any, float | int, Mapping[int, Exemplar] | None]
"""Label values (or pairs, where a stream has no label names), state, since when it counts, exemplars by bucket.

The time is in Unix seconds as a float, in nanoseconds as an int, 0 where unknown.
"""


@dataclass(frozen=True, slots=True)
class Distribution:
    """What a histogram counted; without bounds it is a summary's count and sum.

    Attributes:
        counts: One a bucket, not cumulative; the last is above all bounds.
    """

    bounds: Sequence[float]
    counts: Sequence[float]
    count: float
    total: float | None


Measured = float | Distribution


@dataclass(frozen=True)
class Stream:
    """An OTLP metric with its series at one moment.

    Attributes:
        name, description, unit: As on the page.
        instrument: The SDK's kind of instrument: what an exporter's preferred temporality goes by.
        labelnames: Names of the values in a row; None where rows have pairs.
        rows: One a series.
        measured: Gives what a row's state says.
        collected: When, in Unix nanoseconds.
    """

    name: str
    description: str
    unit: str
    instrument: type
    labelnames: tuple[str, ...] | None
    rows: Sequence[Row]
    measured: Callable[[Any], Measured]
    collected: int

    def start(self, row: Row, since: int) -> int:
        """Return when a row began to count, Unix nanoseconds; `since` at the earliest, which is when the process did."""
        if self.instrument is ObservableGauge:
            return 0
        return min(max(nanoseconds(row[2]), since), self.collected)

    def attributes(self, row: Row) -> dict[str, str]:
        """Return the labels of a row."""
        return dict(row[0]) if self.labelnames is None else dict(zip(self.labelnames, row[0], strict=True))


class LateRows(Sequence[Row]):
    """The rows of one of our families, each read when it is asked for."""

    def __init__(self, family: RecordedFamily) -> None:
        self._family = family

    def __len__(self) -> int:
        return len(self._family.cells)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        if isinstance(index, slice):
            start, stop, _ = index.indices(len(self))
            return self._family.rows_between(start, stop)
        return self._family.rows_between(index, index + 1)[0]


def nanoseconds(moment: float | int) -> int:
    """Return the time of a row in nanoseconds; a product of floats would lose hundreds of them."""
    if isinstance(moment, int):
        return moment
    whole, part = divmod(moment, 1)
    return int(whole) * 1_000_000_000 + round(part * 1e9)


def streams(families: Iterable[Metric], collected: int) -> Iterator[Stream]:
    """Give the streams of all families that have series.

    Counters become monotonic sums, histograms keep their bounds, summaries become histograms without bounds (their
    quantiles are left out), everything else becomes gauges under the names of the text format.

    Args:
        families: What a registry collects; those of ours may be unread.
        collected: When, in Unix nanoseconds.
    """
    for family in families:
        if isinstance(family, RecordedFamily) and family.lines is not None:
            found = _recorded(family)
        elif family.type in ("counter", "histogram", "summary"):
            found = _foreign(family)
        else:
            found = _gauges(family)
        for name, instrument, labelnames, rows, measured in found:
            if rows:
                description, unit = family.documentation, family.unit
                yield Stream(name, description, unit, instrument, labelnames, rows, measured, collected)


_Found = Iterator[tuple[str, type, tuple[str, ...] | None, Sequence[Row], Callable[[Any], Measured]]]


def _recorded(family: RecordedFamily) -> _Found:
    values, lines, rows = family.values, family.lines or (), LateRows(family)
    if family.type in ("histogram", "summary"):
        bounds, has_sum = family.bounds[:-1], lines[-1].suffix == "_sum"

        def distribution(state: Any) -> Distribution:
            numbers = values(state)
            total = numbers[-1] if has_sum else None
            count = numbers[len(family.bounds)]
            return Distribution(bounds, _steps(numbers[: len(family.bounds)]), count, total)

        yield family.name, Histogram, family.labelnames, rows, distribution
    elif len(lines) == 1:
        instrument = Counter if family.type == "counter" else ObservableGauge
        name = family.name + lines[0].suffix
        yield name, instrument, family.labelnames, rows, lambda state: float(values(state)[0])
    else:
        names = family.labelnames
        states = [
            ((*zip(names, labelvalues, strict=True), *line.labels), value, created, None)
            for labelvalues, state, created, _ in rows
            for line, value in zip(lines, values(state), strict=True)
        ]
        yield family.name, ObservableGauge, None, states, float


def _foreign(collected: Metric) -> _Found:
    for family, series in series_of(collected):
        if family.type == "counter":
            # Whoever counts may be asked at any time, as an observable instrument is.
            rows = [_row(one, one.value, {0: one.exemplar} if one.exemplar else None) for one in series]
            yield f"{family.name}_total", ObservableCounter, None, rows, float
        elif family.type in ("histogram", "summary"):
            yield family.name, Histogram, None, [_distribution_row(one) for one in series], _as_it_is
        else:
            yield from _gauges(family)


def _gauges(family: Metric) -> _Found:
    by_name: dict[str, list[Row]] = {}
    for sample in family.samples:
        by_name.setdefault(sample.name, []).append((tuple(sample.labels.items()), sample.value, 0.0, None))
    for name, rows in by_name.items():
        yield name, ObservableGauge, None, rows, float


def _row(series: Series, state: Any, exemplars: Mapping[int, Exemplar] | None) -> Row:
    return (tuple(series.labels.items()), state, float(series.created or 0), exemplars)


def _distribution_row(series: Series) -> Row:
    buckets = sorted(series.buckets, key=lambda bucket: bucket[0])
    cumulative = [value for _, value, _ in buckets]
    count = series.count
    if buckets and buckets[-1][0] == _INF:
        count = cumulative[-1]
    elif buckets:
        cumulative.append(count)
    bounds = [bound for bound, _, _ in buckets if bound != _INF]
    exemplars = {index: exemplar for index, (_, _, exemplar) in enumerate(buckets) if exemplar}
    return _row(series, Distribution(bounds, _steps(cumulative), count, series.total), exemplars)


def _as_it_is(state: Distribution) -> Distribution:
    return state


def _steps(cumulative: Sequence[float]) -> list[float]:
    return [after - before for before, after in zip([0.0, *cumulative], cumulative, strict=False)]
