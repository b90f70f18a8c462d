"""Grafana dashboards in ConfigMaps, panel by panel: where a panel stands is nobody's concern, what it asks is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from chart_harness.blast_radius.change import Difference, Kind
from chart_harness.blast_radius.objects import Object, named
from chart_harness.blast_radius.row import words
from chart_harness.blast_radius.tree import MISSING, differences

Dashboard = dict[str, Any]
_OF_THE_PLACE = frozenset({"id", "gridPos"})  # numbers that Grafana gives, and where a panel is


def dashboards(item: Mapping[str, Any]) -> dict[str, Dashboard]:
    """The dashboards of a ConfigMap, by their key in it."""
    found = {}
    if item["kind"] == "ConfigMap":
        for key, content in (item.get("data") or {}).items():
            dashboard = _parsed(content) if key.endswith(".json") else None
            if isinstance(dashboard, dict) and isinstance(dashboard.get("panels"), list):
                found[key] = dashboard
    return found


def without_dashboards(item: Object) -> Object:
    """The ConfigMap with `a dashboard` in place of each."""
    return {**item, "data": {**(item.get("data") or {}), **dict.fromkeys(dashboards(item), "a dashboard")}}


def dashboard_differences(before: Object, after: Object) -> Iterator[Difference]:
    """What differs between the dashboards that both forms of a ConfigMap have."""
    one, other = dashboards(before), dashboards(after)
    for key in sorted(one.keys() & other.keys()):
        found = differences(_by_title(one[key]), _by_title(other[key]), whole=lambda _, *values: MISSING in values)
        for path, was, is_now in found:
            yield Difference(Kind.DASHBOARD_CHANGED, named(after), f"{key}: {path}", words(was), words(is_now))


def _by_title(dashboard: Dashboard) -> Dashboard:
    """The dashboard with its panels, those of rows among them, by their titles."""
    panels: dict[str, Any] = {}
    for panel in _panels(dashboard["panels"]):
        title = name = str(panel.get("title") or "without a title")
        count = 1
        while name in panels:
            count += 1
            name = f"{title} ({count})"
        panels[name] = {key: value for key, value in panel.items() if key not in {*_OF_THE_PLACE, "panels"}}
    return {**dashboard, "panels": panels}


def _panels(panels: list[Any]) -> Iterator[dict[str, Any]]:
    for panel in panels:
        if isinstance(panel, dict):
            yield panel
            yield from _panels(panel.get("panels") or [])


def _parsed(content: Any) -> Any:
    try:
        return json.loads(content)
    except (TypeError, ValueError):
        return None
