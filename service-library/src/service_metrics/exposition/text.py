"""The page as text, with constant labels on every series (Prometheus text format 0.0.4)."""

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
