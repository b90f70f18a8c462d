"""kind is found, its lines are passed on as they come, and nothing of it is left behind."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from chart_harness.clusters.cluster import ClusterError
from chart_harness.clusters.kind_command import MARK, KindFailed, end_orphans, run_kind


def program(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Make $KIND a shell script."""
    path = folder / "kind"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setenv("KIND", str(path))


def test_each_line_is_handed_on_and_the_input_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, monkeypatch, 'echo "$@" >&2; echo "mark ${CHART_HARNESS_KIND}"; cat')
    lines: list[str] = []
    run_kind("one", ["create", "cluster"], stdin="kind: Cluster\n", on_line=lines.append)
    assert lines == ["create cluster --name one", "mark one", "kind: Cluster"]


def test_a_failure_says_what_kind_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, monkeypatch, "echo 'ERROR: no space left' >&2; exit 1")
    with pytest.raises(KindFailed, match=r"kind create cluster failed:\nERROR: no space left"):
        run_kind("one", ["create", "cluster"])


def test_a_kind_that_does_not_end_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, monkeypatch, "echo starting; exec sleep 600")
    began = time.monotonic()
    with pytest.raises(
        KindFailed, match=r"kind create cluster did not end within 1 s and was stopped; it said:\nstarting"
    ):
        run_kind("one", ["create", "cluster"], timeout=1)
    assert time.monotonic() - began < 30


def test_an_interrupt_leaves_no_kind_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, monkeypatch, f"echo $$ > {tmp_path}/pid; echo started; exec sleep 600")

    def interrupt(_line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_kind("one", ["create", "cluster"], on_line=interrupt)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("", "kind is not on the PATH: install kind, or set KIND to its path."),
        ("no-such-kind", "$KIND names 'no-such-kind', which is no program: install kind, or set KIND to its path."),
    ],
)
def test_no_kind_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, sentence: str) -> None:
    monkeypatch.setenv("KIND", value)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    with pytest.raises(ClusterError) as error:
        run_kind("one", ["delete", "cluster"])
    assert str(error.value) == sentence


def test_what_a_killed_session_left_is_ended_and_nothing_else() -> None:
    left, other = (
        subprocess.Popen(["sleep", "600"], env={**os.environ, MARK: name}) for name in ("the-left-one", "another")
    )
    try:
        end_orphans("the-left-one")
        left.wait(timeout=10)
        assert not psutil.pid_exists(left.pid)
        assert other.poll() is None
    finally:
        for process in (left, other):
            process.kill()
            process.wait()
