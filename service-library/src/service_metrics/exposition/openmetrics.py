"""OpenMetrics 1.0 text: exemplars, `_created`, units, `# EOF`.

The output is byte for byte prometheus_client's, with constant labels on every series, except that a sample's name is
always escaped as its family's is; prometheus_client 0.26 escapes a colon, and under the scheme `values` every name, in
samples only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from types import SimpleNamespace

from prometheus_client import Metric
from prometheus_client.openmetrics.exposition import (
    ALLOWUTF8,
    escape_label_name,
    escape_metric_name,
    generate_latest,
)
from prometheus_client.samples import Exemplar, Sample

from service_metrics.exposition.constant_labels import ConstantLabels
from service_metrics.exposition.lines import CREATED, escape_value, go_float, slices
from service_metrics.exposition.merging import merge_lines
from service_metrics.recording.family import RecordedFamily

_EOF = b"# EOF\n"
_FOREIGN_SLICE = 40
"""Samples in a slice where prometheus_client prints them."""


class OpenMetrics:
    """Writes and merges pages of OpenMetrics text."""

    def render(self, families: Iterable[Metric], labels: ConstantLabels, escaping: str) -> Iterator[bytes]:
        """Give the page in slices; see `service_metrics.exposition.negotiation.Exposition`."""
        for family in families:
            if isinstance(family, RecordedFamily) and family.lines is not None:
                yield from _recorded(family, labels, escaping)
            else:
                yield from _foreign(family, labels, escaping)
        yield _EOF

    def merge(self, pages: Sequence[bytes]) -> Iterator[bytes | memoryview]:
        """Give the pages of several workers as one."""
        yield from merge_lines(pages, end_mark=_EOF)
        yield _EOF


OPENMETRICS = OpenMetrics()


def _recorded(family: RecordedFamily, labels: ConstantLabels, escaping: str) -> Iterator[bytes]:
    yield _headers(family, escaping)
    lines = family.lines or ()
    if family.has_created:
        lines = (*lines, CREATED)
    for text in slices(family, lines, labels, escaping, _exemplar_text):
        yield text.encode()


def _exemplar_text(exemplar: Exemplar) -> str:
    inside = ",".join([f'{name}="{escape_value(text)}"' for name, text in sorted(exemplar.labels.items())])
    seen = "" if exemplar.timestamp is None else f" {exemplar.timestamp}"
    return f" # {{{inside}}} {go_float(exemplar.value)}{seen}"


def _foreign(family: Metric, labels: ConstantLabels, escaping: str) -> Iterator[bytes]:
    """Let prometheus_client print the family in parts, without the headers that each part would repeat."""
    headers = _headers(family, escaping)
    yield headers
    part = Metric(family.name, family.documentation, family.type)
    part.name, part.unit = _escaped(family.name, escaping), family.unit
    registry = SimpleNamespace(collect=lambda: [part])
    samples = iter(family.samples)
    while batch := list(islice(samples, _FOREIGN_SLICE)):
        part.samples = [_labelled(sample, labels, escaping) for sample in batch]
        page: bytes = generate_latest(registry, ALLOWUTF8)  # type: ignore[no-untyped-call]
        yield page[len(headers) : -len(_EOF)]


def _labelled(sample: Sample, labels: ConstantLabels, escaping: str) -> Sample:
    """Return a sample as it is to be printed, so that its names need no scheme any more."""
    all_labels = labels.on(sample.labels)
    if escaping != ALLOWUTF8:
        all_labels = {escape_label_name(name, escaping): text for name, text in all_labels.items()}
    return sample._replace(name=_escaped(sample.name, escaping), labels=all_labels)


def _escaped(name: str, escaping: str) -> str:
    return name if escaping == ALLOWUTF8 else escape_metric_name(name, escaping)


def _headers(family: Metric, escaping: str) -> bytes:
    name = escape_metric_name(family.name, escaping)
    unit = f"# UNIT {name} {family.unit}\n" if family.unit else ""
    return f"# HELP {name} {escape_value(family.documentation)}\n# TYPE {name} {family.type}\n{unit}".encode()
