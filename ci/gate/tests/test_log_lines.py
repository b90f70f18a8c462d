"""Whatever a service prints, its log is read; only what is surely a time or a status is taken for one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promotion_gate.evidence import LogLine
from promotion_gate.log_lines import parse_log

NOON = datetime(2025, 11, 21, 12, tzinfo=UTC)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def parsed(**record: Any) -> LogLine:
    (line,) = parse_log([json.dumps(record)])
    return line


@given(lines=st.lists(st.text()))
def test_any_text_is_kept(lines: list[str]) -> None:
    assert [line.text for line in parse_log(lines)] == [text.rstrip("\n") for text in lines if text.strip()]


@given(time=JSON, status=JSON)
def test_any_record_is_read(time: object, status: object) -> None:
    line = parsed(time=time, status=status)
    assert line.status is None or 100 <= line.status < 600
    assert line.time is None or line.time.tzinfo is not None
    assert line.time is None or isinstance(line.time <= NOON, bool)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, '{"status": 200', "{", "null", "200", "[500]"])
def test_what_is_no_object_is_text(text: str) -> None:
    assert parse_log([text]) == (LogLine(text),)


@pytest.mark.parametrize("status", [100, 200, 404, 500, 599])
@pytest.mark.parametrize("form", [int, float, str, "{}.0".format, " {} ".format])
def test_a_status(status: int, form: Any) -> None:
    found = parsed(status=form(status)).status
    assert found == status
    assert type(found) is int


@pytest.mark.parametrize(
    "status",
    [True, False, None, "", "ok", "5xx", 0, 99, 600, -500, 500.5, 1e999, float("nan"), [500], {"code": 500}],
)
def test_no_status(status: object) -> None:
    assert parsed(status=status).status is None


def test_a_number_of_too_many_digits_is_no_status() -> None:
    assert parse_log(['{"status": 5' + "0" * 5000 + "}"])[0].status is None


@pytest.mark.parametrize(
    "time", ["2025-11-21T12:00:00Z", "2025-11-21T12:00:00+00:00", "2025-11-21T13:00:00+01:00", "2025-11-21 12:00:00Z"]
)
def test_a_time(time: str) -> None:
    assert parsed(time=time).time == NOON


@pytest.mark.parametrize("time", ["2025-11-21T12:00:00", "2025-11-21", "noon", "", None, 1763726400, 1763726400.5, {}])
def test_a_time_without_a_zone_cannot_be_compared(time: object) -> None:
    assert parsed(time=time).time is None


def test_lines_keep_their_order_and_blank_ones_go() -> None:
    lines = parse_log(["a\n", "\n", "  ", '{"status": 500}\n', "b"])
    assert [(line.text, line.status) for line in lines] == [("a", None), ('{"status": 500}', 500), ("b", None)]
