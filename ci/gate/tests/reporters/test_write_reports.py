"""All reports, or the ones before them: never half a file."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from promotion_gate.reporters import ReportError, html, json_report, write_reports
from promotion_gate.reporters.atomic_write import atomic_write
from promotion_gate.verdict import Outcome, Verdict

MakeVerdict = Callable[..., Verdict]


def test_five_files_in_a_new_directory(tmp_path: Path, make_verdict: MakeVerdict) -> None:
    directory = tmp_path / "build" / "gate"
    paths = write_reports(make_verdict(Outcome.PASS), directory)
    assert [path.name for path in paths] == [
        "verdict.json",
        "junit.xml",
        "report.html",
        "verdict.sarif",
        "comment.md",
    ]
    assert sorted(directory.iterdir()) == sorted(paths)


def test_they_may_be_read_by_others(tmp_path: Path, make_verdict: MakeVerdict) -> None:
    plain = tmp_path / "plain"
    plain.touch()
    for path in write_reports(make_verdict(Outcome.PASS), tmp_path / "gate"):
        assert path.stat().st_mode == plain.stat().st_mode


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters()))
def test_any_evidence_can_be_written_and_read(tmp_path: Path, make_verdict: MakeVerdict, text: str) -> None:
    path, *_ = write_reports(make_verdict(Outcome.FAIL, text=text), tmp_path)
    assert json_report.read(path).outcome is Outcome.FAIL


def test_no_report_is_touched_if_one_cannot_be_rendered(
    tmp_path: Path, make_verdict: MakeVerdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path: path.read_bytes() for path in write_reports(make_verdict(Outcome.FAIL), tmp_path)}

    def broken(_: Verdict) -> str:
        raise RuntimeError("broken template")

    monkeypatch.setattr(html, "render", broken)
    with pytest.raises(RuntimeError, match="broken template"):
        write_reports(make_verdict(Outcome.PASS), tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("stage", ["fsync", "replace"])
def test_a_failing_write_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str) -> None:
    path = tmp_path / "verdict.json"
    atomic_write(path, "old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(*{"fsync": (os, "fsync", full), "replace": (Path, "replace", full)}[stage])
    with pytest.raises(ReportError, match=r"verdict\.json could not be written \(No space left on device\)"):
        atomic_write(path, "new")
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupt_leaves_no_temporary_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        atomic_write(tmp_path / "verdict.json", "new")
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_is_a_file_is_one_clear_error(tmp_path: Path, make_verdict: MakeVerdict) -> None:
    (tmp_path / "gate").touch()
    with pytest.raises(ReportError, match=r"could not be written .* choose another directory"):
        write_reports(make_verdict(Outcome.PASS), tmp_path / "gate")
