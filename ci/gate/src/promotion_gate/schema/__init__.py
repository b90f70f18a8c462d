"""The published JSON schema of `verdict.json`, for whoever reads the document without this package.

`python -m promotion_gate.schema` rewrites it from the model; with `--check` it only says whether it has drifted.
"""

from __future__ import annotations

import json
from pathlib import Path

from promotion_gate.reporters.json_report import verdict_schema
from promotion_gate.verdict import SCHEMA_VERSION

PUBLISHED = Path(__file__).with_name(f"verdict-v{SCHEMA_VERSION}.schema.json")


def text() -> str:
    """The schema as it is to be published."""
    return json.dumps(verdict_schema(), indent=2, ensure_ascii=False) + "\n"


def has_drifted() -> bool:
    """Whether the published file is missing or differs from the model."""
    return not PUBLISHED.exists() or PUBLISHED.read_text(encoding="utf-8") != text()
