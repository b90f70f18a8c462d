"""The page as text: constant labels on every series, and the pages of several workers merged into one.

Prometheus text format 0.0.4.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from prometheus_client import Metric, generate_latest
from prometheus_client.samples import Sample


class Source(Protocol):
    """What a page is rendered from: a registry, or one collector."""

    def collect(self) -> Iterable[Metric]: ...


class _Labelled:
    """A registry with more labels on every sample."""

    def __init__(self, source: Source, defaults: Mapping[str, str], identity: Mapping[str, str]) -> None:
        self._source = source
        self._defaults = defaults
        self._identity = identity

    def collect(self) -> Iterator[Metric]:
        for family in self._source.collect():
            labelled = Metric(family.name, family.documentation, family.type, family.unit)
            labelled.samples = [
                Sample(sample.name, {**self._defaults, **sample.labels, **self._identity}, *sample[2:])
                for sample in family.samples
            ]
            yield labelled


def render(source: Source, *, defaults: Mapping[str, str], identity: Mapping[str, str]) -> bytes:
    """Return the page of one process.

    Args:
        source: The registry.
        defaults: Labels of every series that does not have a label of that name itself.
        identity: Labels of every series, whatever it has: they keep the series of two workers apart.
    """
    return generate_latest(_Labelled(source, defaults, identity))


def merge(pages: Iterable[bytes]) -> bytes:
    """Return one page with each family once, its series in the order of the pages.

    The samples are copied as they are, so merging costs little more than splitting lines. Where workers disagree about
    help or type, the first page's lines stand, because Prometheus refuses a page that says them twice.
    """
    headers: dict[bytes, list[bytes]] = {}
    samples: dict[bytes, list[bytes]] = {}
    for page in pages:
        name = b""
        new = False
        for line in page.splitlines(keepends=True):
            if line.startswith(b"# HELP "):
                name = line.split(b" ", 3)[2].rstrip(b"\n")
                new = name not in headers
                if new:
                    headers[name] = []
                    samples[name] = []
            if line.startswith(b"#"):
                if new:
                    headers[name].append(line)
            else:
                samples[name].append(line)
    return b"".join(line for name in headers for line in (*headers[name], *samples[name]))
