"""The data points of a stream, made when an exporter iterates over them, with pauses for the event loop."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar, overload

from opentelemetry.sdk.metrics import Exemplar
from opentelemetry.sdk.metrics.export import HistogramDataPoint, NumberDataPoint
from prometheus_client import samples

from service_metrics.otlp.streams import Distribution, Measured, Row
from service_metrics.pacing import pause

P = TypeVar("P")

_SLICE = 50
"""Points between two pauses: half a millisecond of the SDK's encoder."""
_UNKNOWN: Any = None  # sum, minimum and maximum are optional on the wire, but not in the SDK's type
_TRACE_ID, _SPAN_ID = re.compile(r"[0-9a-fA-F]{32}"), re.compile(r"[0-9a-fA-F]{16}")


def paced(rows: Iterable[Row]) -> Iterator[Row]:
    """Pass the rows on, with a pause after every few; for a thread of its own, never for the event loop's."""
    for number, row in enumerate(rows, 1):
        yield row
        if number % _SLICE == 0:
            pause()


class Points(Sequence[P], Generic[P]):
    """A sequence of points that exists as rows only; the same however often it is read."""

    def __init__(self, rows: Sequence[Row], make: Callable[[Row], P]) -> None:
        self._rows = rows
        self._make = make

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> P: ...
    @overload
    def __getitem__(self, index: slice) -> Points[P]: ...
    def __getitem__(self, index: int | slice) -> P | Points[P]:
        if isinstance(index, slice):
            return Points(self._rows[index], self._make)
        return self._make(self._rows[index])

    def __iter__(self) -> Iterator[P]:
        return map(self._make, paced(self._rows))


def point(
    attributes: dict[str, str],
    measured: Measured,
    exemplars: Mapping[int, samples.Exemplar] | None,
    *,
    start: int,
    end: int,
) -> NumberDataPoint | HistogramDataPoint:
    """Return a data point.

    Args:
        attributes: All labels of the series.
        measured: Its value.
        exemplars: By bucket; a counter has one.
        start: Since when the value counts, Unix nanoseconds; 0 for gauges.
        end: When it was collected.
    """
    examples = [_exemplar(exemplar, end) for exemplar in exemplars.values()] if exemplars else []
    if not isinstance(measured, Distribution):
        return NumberDataPoint(attributes, start, end, measured, examples)
    return HistogramDataPoint(
        attributes=attributes,
        start_time_unix_nano=start,
        time_unix_nano=end,
        count=round(measured.count),
        sum=_UNKNOWN if measured.total is None else float(measured.total),
        bucket_counts=[round(count) for count in measured.counts],
        explicit_bounds=measured.bounds,
        min=_UNKNOWN,
        max=_UNKNOWN,
        exemplars=examples,
    )


def _exemplar(exemplar: samples.Exemplar, end: int) -> Exemplar:
    """Return the SDK's exemplar; the labels `trace_id` and `span_id` become its own where both are valid."""
    seen = end if exemplar.timestamp is None else round(float(exemplar.timestamp) * 1e9)
    labels = dict(exemplar.labels)
    trace, span = labels.get("trace_id", ""), labels.get("span_id", "")
    if not (_TRACE_ID.fullmatch(trace) and _SPAN_ID.fullmatch(span)):
        return Exemplar(labels, float(exemplar.value), seen)
    del labels["trace_id"], labels["span_id"]
    return Exemplar(labels, float(exemplar.value), seen, int(span, 16), int(trace, 16))
