"""Reads a service's log: one JSON object a line, where the service keeps to that."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from promotion_gate.evidence import LogLine

_HTTP_STATUS = range(100, 600)


def parse_log(lines: Iterable[str]) -> tuple[LogLine, ...]:
    """The lines with their time and status where they have them; a line that is not JSON is kept as text."""
    return tuple(_parse(line.rstrip("\n")) for line in lines if line.strip())


def _parse(text: str) -> LogLine:
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return LogLine(text)
    if not isinstance(record, dict):
        return LogLine(text)
    return LogLine(text, _time(record.get("time")), _status(record.get("status")))


def _time(value: object) -> datetime | None:
    try:
        time = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return time if time.tzinfo else None  # a time without a zone cannot be compared with any other


def _status(value: object) -> int | None:
    try:
        status = float(str(value))  # JSON does not tell 500 from 500.0, and some services write "500"
    except ValueError:
        return None
    return int(status) if status in _HTTP_STATUS else None
