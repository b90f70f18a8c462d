"""The log of overrides grows, and whatever else is done to it shows."""

from __future__ import annotations

import json
import multiprocessing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promotion_gate.promotion.audit_log import FIRST, AuditError, append, load_log, read_log, written
from promotion_gate.verdict import Override

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


def override(reason: str = "the node was drained") -> Override:
    return Override(
        service="aaa-api",
        environment="staging",
        check="restarts",
        actor="sam",
        reason=reason,
        ticket="OPS-1",
        given_at=NOON,
        expires_at=NOON + timedelta(days=1),
    )


THREE = written([override("one"), override("two"), override("three")])
LINES = THREE.splitlines(keepends=True)


@given(reasons=st.lists(st.text(min_size=1), max_size=5))
def test_it_comes_back(reasons: list[str]) -> None:
    given_ = tuple(override(reason) for reason in reasons)
    assert read_log(written(given_), "log") == given_


def test_what_is_appended_is_what_is_written(tmp_path: Path) -> None:
    path = tmp_path / "ci" / "audit" / "overrides.jsonl"
    assert load_log(path) == ()
    for reason in ("one", "two", "three"):
        append(path, override(reason))
    assert path.read_bytes() == THREE
    assert [one.reason for one in load_log(path)] == ["one", "two", "three"]
    assert json.loads(LINES[0])["previous"] == FIRST


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (LINES[1] + LINES[2], "line 1, does not follow"),
        (LINES[0] + LINES[2], "line 2, does not follow"),
        (LINES[0] + LINES[2] + LINES[1], "line 2, does not follow"),
        (LINES[0] + LINES[0], "line 2, does not follow"),
        (LINES[0].replace(b"one", b"other") + LINES[1], "line 2, does not follow"),
        (LINES[0] + b"\n" + LINES[1], "line 2, is not JSON"),
        (THREE[:-1], "line 3, is cut off"),
        (THREE[:-20], "line 3, is cut off"),
        (b"hello\n", "line 1, is not JSON"),
        (b"[" * 100_000 + b"\n", "line 1, is not JSON"),
        (b"\xff\n", "line 1, is not JSON"),
        (b"{}\n", "line 1, is no override"),
        (b"[]\n", "line 1, is no override"),
        (LINES[0].replace(b'"sam"', b'""'), r"line 1, is no override \(override.actor"),
        (LINES[0].replace(b'"actor"', b'"author"'), "line 1, is no override"),
        (LINES[0].replace(b"2026-11-26T12:00:00Z", b"today"), r"line 1, is no override \(override.given_at"),
    ],
)
def test_what_was_changed_shows(content: bytes, says: str, tmp_path: Path) -> None:
    with pytest.raises(AuditError, match=f"log, {says}") as error:
        read_log(content, "log")
    assert "\n" not in str(error.value)
    (tmp_path / "log").write_bytes(content)
    with pytest.raises(AuditError, match=says):
        append(tmp_path / "log", override())
    assert (tmp_path / "log").read_bytes() == content


def test_where_it_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AuditError, match="could not be written"):
        append(tmp_path / "file" / "log", override())
    with pytest.raises(AuditError, match="cannot be read"):
        load_log(tmp_path)


def _append_ten(path: Path, who: str) -> None:
    for number in range(10):
        append(path, override(f"{who} {number}"))


def test_many_at_once_each_follow_the_one_before(tmp_path: Path) -> None:
    processes = [
        multiprocessing.get_context("spawn").Process(target=_append_ten, args=(tmp_path / "log", who)) for who in "abcd"
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    found = [one.reason for one in load_log(tmp_path / "log")]
    assert sorted(found) == [f"{who} {number}" for who in "abcd" for number in range(10)]
    assert [one for one in found if one.startswith("a")] == [f"a {number}" for number in range(10)]
