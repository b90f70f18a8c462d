"""Logs are one JSON object a line, with the time in UTC to the microsecond."""

from __future__ import annotations

import json
import logging
import os
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_service.logs import JsonLines, service_name


def written(**record: Any) -> dict[str, Any]:
    line = JsonLines("aaa-api").format(logging.makeLogRecord({"levelname": "INFO", "msg": "request"} | record))
    assert "\n" not in line
    value = json.loads(line)
    assert isinstance(value, dict)
    return value


def test_the_fields_every_line_has() -> None:
    assert written(created=1700000000.25) == {
        "time": "2023-11-14T22:13:20.250000Z",
        "level": "INFO",
        "message": "request",
        "service": "aaa-api",
        "pid": os.getpid(),
    }


@given(st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2100, 1, 1)))
def test_the_time_is_rfc_3339_in_utc(moment: datetime) -> None:
    stamp = moment.replace(tzinfo=UTC)
    text = written(created=stamp.timestamp())["time"]
    assert len(text) == len("2023-11-14T22:13:20.250000Z")
    assert abs((datetime.fromisoformat(text) - stamp).total_seconds()) < 1e-5


def test_extra_fields_keep_their_type() -> None:
    line = written(status=200, handler="/items/{item_id}")
    assert line["status"] == 200
    assert line["handler"] == "/items/{item_id}"


def test_uvicorns_colours_are_left_out() -> None:
    assert "color_message" not in written(color_message="\x1b[36mStarted\x1b[0m")


@given(st.text())
def test_any_message_stays_on_one_line(message: str) -> None:
    assert written(msg="%s", args=(message,))["message"] == message


def test_a_traceback_stays_on_one_line() -> None:
    try:
        raise ValueError("first\nsecond")
    except ValueError:
        line = written(exc_info=sys.exc_info())
    assert "ValueError: first\nsecond" in line["exc_info"]


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({}, "task-runner"),
        ({"CUSTOM_LABELS": "environment=staging, service=archive-tagger"}, "archive-tagger"),
        ({"CUSTOM_LABELS": "environment=staging"}, "task-runner"),
        ({"CUSTOM_LABELS": "service=a", "OTEL_SERVICE_NAME": "b"}, "b"),
    ],
)
def test_the_service_name(environ: dict[str, str], name: str) -> None:
    assert service_name(environ, "task-runner") == name
