"""The page in Prometheus' text format 0.0.4 (and 1.0.0, which differs in how names may be escaped).

The output is byte for byte prometheus_client's, with constant labels on every series.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from prometheus_client import Metric, generate_latest
from prometheus_client.openmetrics.exposition import escape_metric_name
from prometheus_client.samples import Sample

from service_metrics.exposition.constant_labels import ConstantLabels
from service_metrics.exposition.lines import CREATED, slices
from service_metrics.exposition.merging import merge_lines
from service_metrics.recording.family import RecordedFamily

_FOREIGN_SLICE = 50
"""Samples in a slice where prometheus_client prints them, at some 3 µs each with labels."""

_TYPES = {"info": "gauge", "stateset": "gauge", "gaugehistogram": "histogram", "unknown": "untyped"}
_SUFFIXES = {"counter": "_total", "info": "_info"}
_AT_THE_END = ("_created", "_gcount", "_gsum")
"""Suffixes of samples that only OpenMetrics has a type for; here they are gauges after the family."""


class Text:
    """Writes and merges pages of text."""

    def render(self, families: Iterable[Metric], labels: ConstantLabels, escaping: str) -> Iterator[bytes]:
        """Give the page in slices.

        Args:
            families: What a registry collects.
            labels: Put on every series.
            escaping: Of names, one of prometheus_client's schemes.
        """
        for family in families:
            if isinstance(family, RecordedFamily) and family.lines is not None:
                yield from self._recorded(family, labels, escaping)
            else:
                yield from self._foreign(family, labels, escaping)

    def merge(self, pages: Sequence[bytes]) -> Iterator[bytes | memoryview]:
        """Give the pages of several workers as one."""
        return merge_lines(pages)

    def _recorded(self, family: RecordedFamily, labels: ConstantLabels, escaping: str) -> Iterator[bytes]:
        name = family.name + _SUFFIXES.get(family.type, "")
        yield _headers(name, family.documentation, _TYPES.get(family.type, family.type), escaping)
        for lines in slices(family, family.lines or (), labels, escaping):
            yield lines.encode()
        if family.has_created and family.cells:
            yield _headers(f"{family.name}_created", family.documentation, "gauge", escaping)
            for lines in slices(family, (CREATED,), labels, escaping):
                yield lines.encode()

    def _foreign(self, family: Metric, labels: ConstantLabels, escaping: str) -> Iterator[bytes]:
        """Let prometheus_client print the family in parts, without the headers that each part would repeat."""
        at_the_end: dict[str, list[Sample]] = {suffix: [] for suffix in _AT_THE_END}
        samples: list[Sample] = []
        for sample in family.samples:
            labelled = sample._replace(labels=labels.on(sample.labels))
            at_the_end.get(sample.name.removeprefix(family.name), samples).append(labelled)
        yield from self._parts(family, samples, escaping, headers=0)
        for suffix in _AT_THE_END:
            if at_the_end[suffix]:
                yield from self._parts(family, at_the_end[suffix], escaping, headers=2)

    def _parts(self, family: Metric, samples: Sequence[Sample], escaping: str, *, headers: int) -> Iterator[bytes]:
        for start in range(0, max(1, len(samples)), _FOREIGN_SLICE):
            part = Metric(family.name, family.documentation, family.type, family.unit)
            part.samples = list(samples[start : start + _FOREIGN_SLICE])
            text = generate_latest(_One(part), escaping)
            dropped = headers + 2 if start else headers
            yield text.split(b"\n", dropped)[dropped]


class _One:
    """A registry of one family."""

    def __init__(self, family: Metric) -> None:
        self._family = family

    def collect(self) -> Iterable[Metric]:
        return [self._family]


def _headers(name: str, documentation: str, kind: str, escaping: str) -> bytes:
    escaped = escape_metric_name(name, escaping)
    documented = documentation.replace("\\", r"\\").replace("\n", r"\n")
    return f"# HELP {escaped} {documented}\n# TYPE {escaped} {kind}\n".encode()


TEXT = Text()
