"""Reads a page in Prometheus' text format 0.0.4 into families."""

from __future__ import annotations

import re

from prometheus_client.parser import text_string_to_metric_families

from promotion_gate.evidence import Family, Sample


class ExpositionError(Exception):
    """The page is not whole or not readable; the message is a clause that says how."""


def parse_page(text: str) -> tuple[Family, ...]:
    """The page's families, counters under the name that the page gives their samples. Raises ExpositionError.

    The format has no end mark, so a page that does not end in a line feed is taken as cut off: its last value may lack digits.
    """
    if not text.strip():
        raise ExpositionError("the page is empty")
    if not text.endswith("\n"):
        raise ExpositionError(f"the page is cut off, it ends in {text[-40:]!r}")
    try:
        families = list(text_string_to_metric_families(text))
    except ValueError as error:
        raise ExpositionError(f"the page does not parse: {error}") from None
    # the parser reads a counter `x` as `x_total`, which nobody who queries Prometheus would find
    written = set(re.findall(r"^[^\s{#]+", text, re.MULTILINE))
    return tuple(
        Family(
            name=total if family.type == "counter" and (total in written or not family.samples) else family.name,
            type=family.type,
            samples=tuple(Sample(sample.name, sample.labels, sample.value) for sample in family.samples),
        )
        for family in families
        for total in (f"{family.name}_total",)
    )
