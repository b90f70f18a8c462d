"""Rows of the dashboard."""

from __future__ import annotations

from tests.charts.keys.row import Row

RENDERS: dict[str, Row] = {
    "metrics.dashboard.enabled": Row(value=False, where="ConfigMap"),
    "metrics.dashboard.labels.*": Row("monitoring", "ConfigMap metadata.labels.folder", "monitoring", name="folder"),
}
