"""Who uses a cluster is known even when a session is killed, or its process id is taken by another."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chart_harness.clusters.owners import Owner, Owners


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """A process that runs until its input is closed."""
    command = [sys.executable, "-c", "print(flush=True); input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()  # it runs: right after exec the kernel does not tell its command yet
        yield child
        child.kill()


def test_a_killed_process_is_no_owner(tmp_path: Path, process: subprocess.Popen[bytes]) -> None:
    owner = Owner.of(process.pid)
    Owners(tmp_path / "owners.json").add(owner)
    assert Owners(tmp_path / "owners.json").alive == {owner}
    process.kill()
    process.wait()
    assert not Owners(tmp_path / "owners.json").alive


def test_a_killed_process_that_nobody_has_waited_for_is_no_owner(process: subprocess.Popen[bytes]) -> None:
    owner = Owner.of(process.pid)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # dead, and still in the process table
    assert not owner.alive


def test_another_process_with_the_same_id_is_another_owner() -> None:
    this = Owner.of(os.getpid())
    assert this.alive
    assert not Owner(this.pid, this.started - 1).alive


def test_an_xdist_worker_acts_for_its_controller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    assert Owner.of_this_session().pid == os.getpid()
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")
    monkeypatch.setitem(sys.modules, "execnet", sys)
    assert Owner.of_this_session().pid == os.getppid()
    monkeypatch.delitem(sys.modules, "execnet")  # what a worker starts inherits its environment only
    assert Owner.of_this_session().pid == os.getpid()


def test_owners_of_one_process_are_told_apart(tmp_path: Path) -> None:
    session, inner = Owner.of_this_session(), Owner.of_its_own()
    owners = Owners(tmp_path / "owners.json")
    owners.add(session)
    owners.add(inner)
    owners.remove(inner)
    assert Owners(tmp_path / "owners.json").alive == {session}


def test_what_is_kept_stays_kept_when_owners_come_and_go(tmp_path: Path) -> None:
    file, owner = tmp_path / "owners.json", Owner.of_this_session()
    owners = Owners(file)
    assert not owners.kept
    owners.keep(kept=True)
    owners.add(owner)
    owners.remove(owner)
    assert Owners(file).kept
    assert not Owners(file).alive


@pytest.mark.parametrize("content", ["", "[]", "{", '{"kept": true}', '{"kept": true, "owners": [{"pid": "x"}]}'])
def test_a_damaged_file_knows_nobody(tmp_path: Path, content: str) -> None:
    file = tmp_path / "owners.json"
    file.write_text(content)
    assert (Owners(file).kept, Owners(file).alive) == (False, frozenset())


def test_an_owner_is_named_by_its_command(process: subprocess.Popen[bytes]) -> None:
    assert f"process {process.pid} ({sys.executable}" in str(Owner.of(process.pid))
