"""Who uses a cluster: the live sessions, by their process, and whether somebody wants it kept when they are gone.

A process is known by its id and its start time: a session that was killed cannot say good-bye, and its id may be another's by now.
"""

from __future__ import annotations

import json
import os
import sys
import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import psutil


@dataclass(frozen=True)
class Owner:
    """A process that needs the cluster until it ends, at the latest."""

    pid: int
    started: float
    token: str = ""
    """Tells owners in one process apart."""

    @classmethod
    def of(cls, pid: int) -> Owner:
        """The process that has this id now. Raises psutil.NoSuchProcess."""
        return cls(pid, psutil.Process(pid).create_time())

    @classmethod
    def of_this_session(cls) -> Owner:
        """The process that ends last: pytest-xdist's controller when this is one of its workers, else this one."""
        # What a worker starts has its environment, and is no worker: that alone was started by execnet.
        worker = "PYTEST_XDIST_WORKER" in os.environ and "execnet" in sys.modules
        return cls.of(os.getppid() if worker else os.getpid())

    @classmethod
    def of_its_own(cls) -> Owner:
        """This process, told apart from the session that it may be part of."""
        return replace(cls.of(os.getpid()), token=uuid.uuid4().hex)

    @property
    def alive(self) -> bool:
        """Whether that very process still runs."""
        try:
            process = psutil.Process(self.pid)
            return process.create_time() == self.started and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    def __str__(self) -> str:
        try:
            command = " ".join(" ".join(psutil.Process(self.pid).cmdline()).split())
        except psutil.Error:
            command = ""
        return f"process {self.pid} ({command[:80]})" if command else f"process {self.pid}"


class Owners:
    """The file that says who uses a cluster. For whoever holds the cluster's lock."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.kept, recorded = _read(file)
        self.alive = frozenset(owner for owner in recorded if owner.alive)

    def add(self, owner: Owner) -> None:
        """`owner` uses the cluster from now on."""
        self._set(self.alive | {owner}, self.kept)

    def remove(self, owner: Owner) -> None:
        """`owner` no longer uses it."""
        self._set(self.alive - {owner}, self.kept)

    def keep(self, kept: bool) -> None:
        """Whether the cluster stays when its last session ends."""
        self._set(self.alive, kept)

    def _set(self, owners: Iterable[Owner], kept: bool) -> None:
        self.alive, self.kept = frozenset(owners), kept
        record = {"kept": kept, "owners": [asdict(owner) for owner in sorted(self.alive, key=lambda owner: owner.pid)]}
        self._file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps(record, indent=2), encoding="utf-8")
        fresh.replace(self._file)  # a kill leaves the old one or the new one


def _read(file: Path) -> tuple[bool, list[Owner]]:
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        return bool(record["kept"]), [
            Owner(int(item["pid"]), float(item["started"]), str(item.get("token", ""))) for item in record["owners"]
        ]
    except FileNotFoundError:
        return False, []
    except (ValueError, KeyError, TypeError):
        return False, []  # not ours, or damaged by hand: nobody can be asked, so nobody counts
