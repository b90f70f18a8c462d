"""Fields of monitors: whom Prometheus finds, how much it takes, and how it asks."""

from __future__ import annotations

import re
from typing import Any

from chart_harness.blast_radius.change import Kind
from chart_harness.blast_radius.reach import selectors
from chart_harness.blast_radius.row import Row, amount
from chart_harness.blast_radius.tree import MISSING

_MONITORS = frozenset({"ServiceMonitor", "PodMonitor", "Probe", "ScrapeConfig"})
_LIMITS = "sampleLimit|targetLimit|labelLimit|labelNameLengthLimit|labelValueLengthLimit|bodySizeLimit"


def _selected(before: Any, after: Any) -> Kind | None:
    """Another spelling of the same selector finds the same pods."""
    one, other = ({} if value is MISSING else value for value in (before, after))
    return None if selectors.canonical(one) == selectors.canonical(other) else Kind.SELECTOR_CHANGED


def _selector(value: Any) -> str | None:
    return None if value is MISSING else selectors.words(value) or "everything"


ROWS = (
    Row(_MONITORS, re.compile(r"spec\.selector"), _selected, "selector", _selector),
    Row(_MONITORS, re.compile(r"spec\.(namespaceSelector|selectorMechanism).*"), Kind.SELECTOR_CHANGED),
    Row(
        _MONITORS,
        re.compile(rf"spec\.(?P<name>{_LIMITS})"),
        amount(Kind.LIMIT_LOWERED, Kind.LIMIT_RAISED),
        "{name}",
    ),
    Row(_MONITORS, re.compile(r"(spec|metadata\.(labels|annotations))[.\[].*"), Kind.SCRAPE_CHANGED, deep=True),
)
