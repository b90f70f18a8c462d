"""Prometheus' protobuf format: varint-delimited `io.prometheus.client.MetricFamily` messages.

The messages are those of prometheus/client_model's metrics.proto; the field numbers below are its. Names and types are
those of the text format (`requests_total`; Info and Enum are gauges), because a scraper must get the same series from both.
Histograms are classic ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from math import floor

from prometheus_client import Metric
from prometheus_client.openmetrics.exposition import ALLOWUTF8, escape_label_name, escape_metric_name
from prometheus_client.samples import Exemplar, Timestamp

from service_metrics.exposition.constant_labels import ConstantLabels
from service_metrics.exposition.series import Series, series_of
from service_metrics.exposition.wire import delimited, double, integer, read_varint, text, varint

_COUNTER, _GAUGE, _SUMMARY, _UNTYPED, _HISTOGRAM, _GAUGE_HISTOGRAM = range(6)  # enum MetricType
_TYPES = {  # by the type of a family: what the text format adds to its name, the type here
    "counter": ("_total", _COUNTER),
    "gauge": ("", _GAUGE),
    "gaugehistogram": ("", _GAUGE_HISTOGRAM),
    "histogram": ("", _HISTOGRAM),
    "info": ("_info", _GAUGE),
    "stateset": ("", _GAUGE),
    "summary": ("", _SUMMARY),
    "unknown": ("", _UNTYPED),
}
_METRIC = 4 << 3 | 2  # the tag of the field `metric` of a MetricFamily
_METRICS = 50  # in a slice


class Protobuf:
    """The exposition; see `service_metrics.exposition.negotiation.Exposition`. Has no state."""

    def render(self, families: Iterable[Metric], labels: ConstantLabels, escaping: str) -> Iterator[bytes]:
        for collected in families:
            for family, series in series_of(collected):
                yield from _family(family, series, labels, escaping)

    def merge(self, pages: Sequence[bytes]) -> Iterator[bytes | memoryview]:
        """Of a family's help, type and unit the first page's stand."""
        families: dict[bytes, list[memoryview]] = {}
        for page in pages:
            for name, described, metrics in _parse(memoryview(page)):
                families.setdefault(name, [described]).append(metrics)
        for parts in families.values():
            yield varint(sum(len(part) for part in parts))
            yield from parts


PROTOBUF = Protobuf()


def _family(family: Metric, series: Iterable[Series], labels: ConstantLabels, escaping: str) -> Iterator[bytes]:
    """Give one MetricFamily; nothing for a family without series, and pauses until its size is known."""
    suffix, type_ = _TYPES[family.type]
    name = family.name + suffix
    described = text(1, name if escaping == ALLOWUTF8 else escape_metric_name(name, escaping))
    described += text(2, family.documentation) + integer(3, type_)
    if family.unit:
        described += text(5, family.unit)
    slices, pending = [described], []
    for one in series:
        pairs = b"".join([_pair(name, value, escaping) for name, value in labels.on(one.labels).items()])
        pending.append(delimited(4, pairs + _value(type_, one)))
        if len(pending) == _METRICS:
            slices.append(b"".join(pending))
            pending.clear()
            yield b""
    slices.append(b"".join(pending))
    if len(slices) > 2 or pending:
        yield varint(sum(len(piece) for piece in slices))
        yield from slices


@lru_cache(maxsize=1024)  # the same few names and values make up most labels
def _pair(name: str, value: str, escaping: str) -> bytes:
    escaped = name if escaping == ALLOWUTF8 else escape_label_name(name, escaping)
    return delimited(1, text(1, escaped) + text(2, value))


def _value(type_: int, series: Series) -> bytes:
    """Return what follows the labels in a Metric."""
    created = b"" if series.created is None else _moment(series.created)
    if type_ == _COUNTER:
        value = delimited(
            3, double(1, series.value) + _exemplar(2, series.exemplar) + (created and delimited(3, created))
        )
    elif type_ == _GAUGE:
        value = delimited(2, double(1, series.value))
    elif type_ == _UNTYPED:
        value = delimited(5, double(1, series.value))
    elif type_ == _SUMMARY:
        quantiles = b"".join([delimited(3, double(1, of) + double(2, value)) for of, value in series.quantiles])
        value = delimited(4, _count_and_sum(series) + quantiles + (created and delimited(4, created)))
    else:
        buckets = b"".join(
            [
                delimited(3, _count(1, value) + double(2, bound) + _exemplar(3, exemplar))
                for bound, value, exemplar in series.buckets
            ]
        )
        value = delimited(7, _count_and_sum(series) + buckets + (created and delimited(15, created)))
    return value if series.timestamp is None else value + integer(6, int(float(series.timestamp) * 1000))


def _count_and_sum(series: Series) -> bytes:
    return _count(1, series.count) + (b"" if series.total is None else double(2, series.total))


def _count(field: int, value: float) -> bytes:
    """Return a count: in the field that a scraper looks at first, for floats, where it is no whole number."""
    return integer(field, int(value)) if float(value).is_integer() and value >= 0 else double(4, value)


def _exemplar(field: int, exemplar: Exemplar | None) -> bytes:
    if exemplar is None:
        return b""
    pairs = b"".join([delimited(1, text(1, name) + text(2, value)) for name, value in exemplar.labels.items()])
    seen = b"" if exemplar.timestamp is None else delimited(3, _moment(exemplar.timestamp))
    return delimited(field, pairs + double(2, exemplar.value) + seen)


def _moment(seconds: float | Timestamp) -> bytes:
    """Return a google.protobuf.Timestamp."""
    if isinstance(seconds, Timestamp):
        whole, nanoseconds = seconds.sec, seconds.nsec
    else:
        whole = floor(seconds)
        nanoseconds = int((seconds - whole) * 1_000_000_000)
    return integer(1, whole) + integer(2, nanoseconds)


def _parse(page: memoryview) -> Iterator[tuple[bytes, memoryview, memoryview]]:
    """Give name, description and metrics of each family of a page that this module has written."""
    position = 0
    while position < len(page):
        size, position = read_varint(page, position)
        message = page[position : position + size]
        position += size
        length, start = read_varint(message, 1)  # the name comes first
        end = start + length
        name = bytes(message[start:end])
        while end < size and message[end] != _METRIC:
            number, after = read_varint(message, end + 1)
            end = after + number if message[end] & 7 == 2 else after
        yield name, message[:end], message[end:]
