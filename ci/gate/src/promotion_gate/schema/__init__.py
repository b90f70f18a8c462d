"""The published JSON schemas of the gate's documents, for whoever reads them without this package.

`python -m promotion_gate.schema` rewrites them from the models; with `--check` it only says which have drifted.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from promotion_gate.cleanup import document as cleanup
from promotion_gate.fleet import document as fleet_status
from promotion_gate.fleet import rollout_state
from promotion_gate.reporters.json_report import verdict_schema
from promotion_gate.verdict import SCHEMA_VERSION

PUBLISHED = Path(__file__).with_name(f"verdict-v{SCHEMA_VERSION}.schema.json")
OTHERS: dict[Path, Callable[[], dict[str, Any]]] = {
    PUBLISHED.with_name(f"fleet-status-v{fleet_status.SCHEMA_VERSION}.schema.json"): fleet_status.schema,
    PUBLISHED.with_name(f"rollout-v{rollout_state.SCHEMA_VERSION}.schema.json"): rollout_state.schema,
    PUBLISHED.with_name(f"cleanup-v{cleanup.SCHEMA_VERSION}.schema.json"): cleanup.schema,
}
"""Those of `gate status --json`, of a rollout's state, and of `gate cleanup --json`."""


def text() -> str:
    """The verdict's schema as it is to be published."""
    return _text(verdict_schema())


def drifted() -> dict[Path, str]:
    """The published files that are missing or differ from their models, each with what should be in it."""
    wanted = {PUBLISHED: text()} | {path: _text(schema()) for path, schema in OTHERS.items()}
    return {
        path: content
        for path, content in wanted.items()
        if not path.exists() or path.read_text(encoding="utf-8") != content
    }


def _text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
