"""Which exposition a scraper gets: its Accept header against the table of what there is (RFC 9110, section 12.5.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from prometheus_client import Metric
from prometheus_client.openmetrics.exposition import ALLOWUTF8, DOTS, UNDERSCORES, VALUES

from service_metrics.exposition.constant_labels import ConstantLabels
from service_metrics.exposition.openmetrics import OPENMETRICS
from service_metrics.exposition.protobuf import PROTOBUF
from service_metrics.exposition.text import TEXT


class Exposition(Protocol):
    """A format of the page."""

    def render(self, families: Iterable[Metric], labels: ConstantLabels, escaping: str) -> Iterator[bytes]:
        """Give the page in slices of at most a millisecond's work; an empty slice is only a place to pause.

        Args:
            families: What a registry collects.
            labels: Labels of every series.
            escaping: What to make of names outside the classic characters, one of prometheus_client's four schemes.
        """
        ...

    def merge(self, pages: Sequence[bytes]) -> Iterator[bytes | memoryview]:
        """Give the pages of several workers as one, each family once."""
        ...


@dataclass(frozen=True)
class _Offer:
    exposition: Exposition
    media_type: str
    parameters: Mapping[str, str]
    escapes: bool = True
    """The client may choose an escaping scheme; otherwise it is `underscores`."""


_UTF8 = {"charset": "utf-8"}
_OFFERS = (  # the first is for clients that do not care
    _Offer(TEXT, "text/plain", {"version": "0.0.4", **_UTF8}, escapes=False),
    _Offer(TEXT, "text/plain", {"version": "1.0.0", **_UTF8}),
    _Offer(OPENMETRICS, "application/openmetrics-text", {"version": "1.0.0", **_UTF8}),
    _Offer(
        PROTOBUF,
        "application/vnd.google.protobuf",
        {"proto": "io.prometheus.client.MetricFamily", "encoding": "delimited"},
    ),
)
_ESCAPINGS = (ALLOWUTF8, UNDERSCORES, DOTS, VALUES)

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105  # RFC 9110, section 5.6.2
_RANGE = re.compile(rf"[ \t]*({_TOKEN}/{_TOKEN})[ \t]*")
_PARAMETER = re.compile(rf';[ \t]*(?:({_TOKEN})=({_TOKEN}|"(?:[^"\\]|\\.)*"))?[ \t]*')
_SEPARATOR = re.compile(r"[ \t]*(?:,[ \t,]*|$)")
_ANY_SUBTYPE = 2  # the specificity of `type/*`
_QUALITY = re.compile(r"0(?:\.\d{0,3})?|1(?:\.0{0,3})?")


@dataclass(frozen=True)
class Choice:
    """The exposition of one answer.

    Attributes:
        content_type: Of the answer; as an Accept header it leads to the same choice, so workers tell each other by it.
    """

    exposition: Exposition
    content_type: str
    escaping: str


@dataclass(frozen=True)
class _Range:
    media_type: str
    parameters: Mapping[str, str]
    quality: float

    def specificity(self, offer: _Offer) -> int:
        """Return how closely the range means the offer: 0 is not at all."""
        names = self.parameters.keys() - {"q", "escaping"}
        if any(self.parameters[name] != offer.parameters.get(name, "").lower() for name in names):
            return 0
        if self.media_type == offer.media_type:
            return _ANY_SUBTYPE + 1 + len(names)
        if self.media_type == offer.media_type.partition("/")[0] + "/*":
            return _ANY_SUBTYPE
        return int(self.media_type == "*/*")


def negotiate(accept: str) -> Choice:
    """Return what fits an Accept header best; of two that fit equally, what the header names, and names first.

    Text 0.0.4 is for a client that takes anything, takes nothing we have, or whose header cannot be read.
    """
    ranges = _parse(accept)
    best, chosen, wanted = (0.0, False, 0), _OFFERS[0], None
    for offer in _OFFERS:
        fitting = [(one.specificity(offer), one.quality, -index) for index, one in enumerate(ranges)]
        closest, quality, place = max(fitting, default=(0, 0.0, 0))
        rank = (quality, closest > _ANY_SUBTYPE, place)
        if closest and quality and rank > best:
            best, chosen, wanted = rank, offer, ranges[-place]
    return _choice(chosen, wanted)


def _choice(offer: _Offer, wanted: _Range | None) -> Choice:
    content_type = "; ".join([offer.media_type, *(f"{name}={value}" for name, value in offer.parameters.items())])
    # A client that does not say how new it is may not know the parameter.
    known_by = "version" if "version" in offer.parameters else "escaping"
    if wanted is None or not offer.escapes or known_by not in wanted.parameters:
        return Choice(offer.exposition, content_type, UNDERSCORES)
    escaping = wanted.parameters.get("escaping", UNDERSCORES)
    if escaping not in _ESCAPINGS:
        escaping = UNDERSCORES
    return Choice(offer.exposition, f"{content_type}; escaping={escaping}", escaping)


def _parse(accept: str) -> list[_Range]:
    """Return the ranges of an Accept header, none where it does not keep to the grammar."""
    ranges: list[_Range] = []
    separator = re.match(r"[ \t,]*", accept)
    position = separator.end() if separator else 0
    while position < len(accept):
        media_range = _RANGE.match(accept, position)
        if media_range is None:
            return []
        position = media_range.end()
        parameters: dict[str, str] = {}
        while (parameter := _PARAMETER.match(accept, position)) is not None:
            position = parameter.end()
            if parameter[1]:
                value = re.sub(r"\\(.)", r"\1", parameter[2][1:-1]) if parameter[2][0] == '"' else parameter[2]
                parameters[parameter[1].lower()] = value.lower()
        separator = _SEPARATOR.match(accept, position)
        quality = _QUALITY.fullmatch(parameters.get("q", "1"))
        if separator is None or quality is None:
            return []
        position = separator.end()
        ranges.append(_Range(media_range[1].lower(), parameters, float(quality[0])))
    return ranges
